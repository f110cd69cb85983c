/* A transom-serve of our own, where the VM has none (a demo, another hypervisor's set-up): our child, with our rights. It watches a pipe
 * whose other end only we have, so it learns of our end however we end, and ends too, unless a VM still uses its region: then it stays for
 * the next viewer until the VM ends. Control plane, one thread. */
#ifndef TRANSOM_HOST_LINK_PRIVATE_SERVER_H
#define TRANSOM_HOST_LINK_PRIVATE_SERVER_H

struct private_server;

struct private_server_options {
  const char *program; /* path of transom-serve; NULL: beside ourselves, else in PATH */
  const char *socket;  /* where it shall listen */
  const char *size;    /* "128M"; NULL: its default */
};

/* Returns when it listens. 0; -ETIMEDOUT it said nothing for 5 s; -ECHILD it ended (its own line on stderr says why); other -errno. */
int private_server_start(const struct private_server_options *options, struct private_server **server);
void private_server_stop(struct private_server *server); /* lets go of it, and waits a little for its end; NULL is fine */

#endif
