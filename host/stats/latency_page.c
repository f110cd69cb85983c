#include "host/stats/latency_page.h"

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:960px;padding:0 1rem;color:#1c2733;background:#fff}"
    "h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem}p{max-width:80ch}.key{white-space:nowrap;margin-right:1em}"
    ".quiet{color:#5b6975}.legend,.headline{max-width:none}.headline{font-size:1.05rem;margin:1rem 0}.headline "
    "b{font-size:1.9rem;margin-right:.15em}"
    ".headline span{margin-right:1.2em}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #e3e8ec}"
    "td:first-child,th:first-child{text-align:left}td.refused{color:#9a6a00}svg{width:100%;height:auto;display:block}"
    "svg text{font:12px system-ui,sans-serif;fill:#45525e}code{background:#f1f4f6;padding:0 .25em}";

void latency_page_text(const char *text, FILE *out) {
  for (; *text; text++) {
    if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
      fprintf(out, "&#%d;", *text);
    else
      fputc(*text, out);
  }
}

void latency_page_open(const char *title, FILE *out) {
  fprintf(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
  latency_page_text(title, out);
  fprintf(out, "</title><meta name=\"viewport\" content=\"width=device-width\"><style>%s</style></head><body>\n<h1>", style);
  latency_page_text(title, out);
  fprintf(out, "</h1>\n");
}

void latency_page_close(FILE *out) { fprintf(out, "</body></html>\n"); }
