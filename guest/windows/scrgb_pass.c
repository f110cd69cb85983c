#include "guest/windows/scrgb_pass.h"

#include "guest/windows/scrgb_shader.h"

#include <stdlib.h>
#include <string.h>

typedef HRESULT(WINAPI *compile_shader)(const void *source, SIZE_T bytes, const char *name, const void *macros, void *include,
                                        const char *entry, const char *target, UINT flags, UINT effect_flags, ID3D10Blob **code,
                                        ID3D10Blob **messages);

struct scrgb_pass {
  struct scrgb_pass_options options;
  ID3D11Device *device;
  ID3D11DeviceContext *context;
  ID3D11VertexShader *vertex;
  ID3D11PixelShader *pixel;
  ID3D11InputLayout *layout;
  ID3D11Buffer *corners;
  ID3D11RasterizerState *scissored;
  ID3D11Texture2D *target;
  ID3D11RenderTargetView *view;
  uint32_t width, height; /* of `target`; 0 = none */
};

/* One triangle over everything; scissors cut the damage out of it. */
static const float corners[3][4] = {{-1, 1, 0, 1}, {3, 1, 0, 1}, {-1, -3, 0, 1}};

/* ---- making ---- */

static HRESULT compile(compile_shader d3d_compile, const char *entry, const char *target, ID3D10Blob **code) {
  ID3D10Blob *messages = NULL;
  *code = NULL;
  const HRESULT result = d3d_compile(scrgb_shader, strlen(scrgb_shader), "scrgb", NULL, NULL, entry, target, 0, 0, code, &messages);
  COM_RELEASE(messages);
  return SUCCEEDED(result) && !*code ? E_FAIL : result;
}

static HRESULT create_vertex(struct scrgb_pass *pass, compile_shader d3d_compile) {
  static const D3D11_INPUT_ELEMENT_DESC element = {.SemanticName = "POSITION", .Format = DXGI_FORMAT_R32G32B32A32_FLOAT};
  ID3D10Blob *code;
  HRESULT result = compile(d3d_compile, "vertex", "vs_4_0", &code);
  if (FAILED(result))
    return result;
  const void *bytes = ID3D10Blob_GetBufferPointer(code);
  const SIZE_T count = ID3D10Blob_GetBufferSize(code);
  result = ID3D11Device_CreateVertexShader(pass->device, bytes, count, NULL, &pass->vertex);
  if (SUCCEEDED(result))
    result = ID3D11Device_CreateInputLayout(pass->device, &element, 1, bytes, count, &pass->layout);
  COM_RELEASE(code);
  return result;
}

static HRESULT create_pixel(struct scrgb_pass *pass, compile_shader d3d_compile) {
  ID3D10Blob *code;
  HRESULT result = compile(d3d_compile, pass->options.pq ? "to_pq" : "to_srgb", "ps_4_0", &code);
  if (FAILED(result))
    return result;
  result =
      ID3D11Device_CreatePixelShader(pass->device, ID3D10Blob_GetBufferPointer(code), ID3D10Blob_GetBufferSize(code), NULL, &pass->pixel);
  COM_RELEASE(code);
  return result;
}

static HRESULT create_fixed(struct scrgb_pass *pass) {
  static const D3D11_BUFFER_DESC buffer = {
      .ByteWidth = sizeof corners, .Usage = D3D11_USAGE_IMMUTABLE, .BindFlags = D3D11_BIND_VERTEX_BUFFER};
  static const D3D11_SUBRESOURCE_DATA data = {.pSysMem = corners};
  static const D3D11_RASTERIZER_DESC rasterizer = {.FillMode = D3D11_FILL_SOLID, .CullMode = D3D11_CULL_NONE, .ScissorEnable = TRUE};
  const HRESULT result = ID3D11Device_CreateBuffer(pass->device, &buffer, &data, &pass->corners);
  return SUCCEEDED(result) ? ID3D11Device_CreateRasterizerState(pass->device, &rasterizer, &pass->scissored) : result;
}

static HRESULT create_parts(struct scrgb_pass *pass, const char **what) {
  const HMODULE library = LoadLibraryExW(L"d3dcompiler_47.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32); /* stays for the process's life */
  const FARPROC found = library ? GetProcAddress(library, "D3DCompile") : NULL;
  compile_shader d3d_compile;
  memcpy(&d3d_compile, &found, sizeof d3d_compile);
  *what = "the system's shader compiler";
  if (!d3d_compile)
    return DXGI_ERROR_NOT_FOUND;
  *what = "a shader that converts scRGB";
  HRESULT result = create_vertex(pass, d3d_compile);
  if (SUCCEEDED(result))
    result = create_pixel(pass, d3d_compile);
  if (FAILED(result))
    return result;
  *what = "drawing of converted pictures";
  return create_fixed(pass);
}

struct scrgb_pass *scrgb_pass_create(ID3D11Device *device, ID3D11DeviceContext *context, const struct scrgb_pass_options *options,
                                     char why[D3D_ERROR_BYTES]) {
  struct scrgb_pass *pass = calloc(1, sizeof *pass);
  if (!pass) {
    d3d_error_text("converting scRGB", E_OUTOFMEMORY, why);
    return NULL;
  }
  const char *what;
  pass->options = *options;
  pass->device = device;
  pass->context = context;
  ID3D11Device_AddRef(device);
  ID3D11DeviceContext_AddRef(context);
  const HRESULT result = create_parts(pass, &what);
  if (SUCCEEDED(result))
    return pass;
  d3d_error_text(what, result, why);
  scrgb_pass_destroy(pass);
  return NULL;
}

static void drop_target(struct scrgb_pass *pass) {
  COM_RELEASE(pass->view);
  COM_RELEASE(pass->target);
  pass->width = pass->height = 0;
}

void scrgb_pass_destroy(struct scrgb_pass *pass) {
  if (!pass)
    return;
  drop_target(pass);
  COM_RELEASE(pass->scissored);
  COM_RELEASE(pass->corners);
  COM_RELEASE(pass->layout);
  COM_RELEASE(pass->pixel);
  COM_RELEASE(pass->vertex);
  COM_RELEASE(pass->context);
  COM_RELEASE(pass->device);
  free(pass);
}

/* ---- drawing ---- */

static HRESULT make_target(struct scrgb_pass *pass, uint32_t width, uint32_t height) {
  const D3D11_TEXTURE2D_DESC desc = {.Width = width,
                                     .Height = height,
                                     .MipLevels = 1,
                                     .ArraySize = 1,
                                     .Format = DXGI_FORMAT_R10G10B10A2_UNORM,
                                     .SampleDesc = {.Count = 1},
                                     .Usage = D3D11_USAGE_DEFAULT,
                                     .BindFlags = D3D11_BIND_RENDER_TARGET | D3D11_BIND_SHADER_RESOURCE,
                                     .MiscFlags =
                                         pass->options.shareable ? D3D11_RESOURCE_MISC_SHARED | D3D11_RESOURCE_MISC_SHARED_NTHANDLE : 0u};
  drop_target(pass);
  HRESULT result = ID3D11Device_CreateTexture2D(pass->device, &desc, NULL, &pass->target);
  if (SUCCEEDED(result))
    result = ID3D11Device_CreateRenderTargetView(pass->device, (ID3D11Resource *)pass->target, NULL, &pass->view);
  if (FAILED(result)) {
    drop_target(pass);
    return result;
  }
  pass->width = width;
  pass->height = height;
  return S_OK;
}

static void bind(struct scrgb_pass *pass, ID3D11ShaderResourceView *source) {
  static const UINT stride = sizeof corners[0], offset = 0;
  const D3D11_VIEWPORT viewport = {.Width = (float)pass->width, .Height = (float)pass->height, .MaxDepth = 1};
  ID3D11DeviceContext *context = pass->context;
  ID3D11DeviceContext_IASetInputLayout(context, pass->layout);
  ID3D11DeviceContext_IASetVertexBuffers(context, 0, 1, &pass->corners, &stride, &offset);
  ID3D11DeviceContext_IASetPrimitiveTopology(context, D3D11_PRIMITIVE_TOPOLOGY_TRIANGLELIST);
  ID3D11DeviceContext_VSSetShader(context, pass->vertex, NULL, 0);
  ID3D11DeviceContext_PSSetShader(context, pass->pixel, NULL, 0);
  ID3D11DeviceContext_PSSetShaderResources(context, 0, 1, &source);
  ID3D11DeviceContext_RSSetState(context, pass->scissored);
  ID3D11DeviceContext_RSSetViewports(context, 1, &viewport);
  ID3D11DeviceContext_OMSetRenderTargets(context, 1, &pass->view, NULL);
}

/* What is still bound would be held: the desktop's texture beyond its frame. */
static void unbind(struct scrgb_pass *pass) {
  ID3D11ShaderResourceView *const nothing = NULL;
  ID3D11DeviceContext_PSSetShaderResources(pass->context, 0, 1, &nothing);
  ID3D11DeviceContext_OMSetRenderTargets(pass->context, 0, NULL, NULL);
}

static void draw_rect(struct scrgb_pass *pass, struct transom_rect rect) {
  const D3D11_RECT scissors = {rect.x, rect.y, (LONG)rect.x + rect.width, (LONG)rect.y + rect.height};
  ID3D11DeviceContext_RSSetScissorRects(pass->context, 1, &scissors);
  ID3D11DeviceContext_Draw(pass->context, 3, 0);
}

HRESULT scrgb_pass_draw(struct scrgb_pass *pass, ID3D11Texture2D *from, const struct transom_damage *damage, ID3D11Texture2D **to) {
  D3D11_TEXTURE2D_DESC desc;
  ID3D11Texture2D_GetDesc(from, &desc);
  const bool is_new = desc.Width != pass->width || desc.Height != pass->height;
  HRESULT result = is_new ? make_target(pass, desc.Width, desc.Height) : S_OK;
  if (FAILED(result))
    return result;
  ID3D11ShaderResourceView *source;
  result = ID3D11Device_CreateShaderResourceView(pass->device, (ID3D11Resource *)from, NULL, &source);
  if (FAILED(result))
    return result;
  bind(pass, source);
  const bool full = is_new || damage->full;
  if (full)
    draw_rect(pass, (struct transom_rect){0, 0, (uint16_t)pass->width, (uint16_t)pass->height});
  for (uint32_t i = 0; i < damage->count && !full; i++)
    draw_rect(pass, damage->rects[i]);
  unbind(pass);
  COM_RELEASE(source);
  *to = pass->target;
  return S_OK;
}
