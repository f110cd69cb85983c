#include "host/vm/vnc_stream.h"

#include <rfb/rfbclient.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_TIMEOUT_S 5 /* within a message */

struct vnc_stream {
  rfbClient *client;
  uint8_t *pixels;
  uint32_t width, height;
  uint64_t updates;
};

static char tag; /* rfbClientSetClientData()'s key */

static struct vnc_stream *stream_of(rfbClient *client) { return rfbClientGetClientData(client, &tag); }

static void be_quiet(const char *format, ...) { (void)format; }

/* At the start and whenever the guest changes its mode. */
static rfbBool on_size(rfbClient *client) {
  struct vnc_stream *stream = stream_of(client);
  uint32_t width = (uint32_t)client->width, height = (uint32_t)client->height;
  client->frameBuffer = NULL;
  free(stream->pixels);
  stream->pixels = NULL;
  stream->width = stream->height = 0;
  if (width == 0 || height == 0 || width > VNC_SIDE_MAX || height > VNC_SIDE_MAX)
    return FALSE;
  stream->pixels = calloc((size_t)width * height, 4);
  if (!stream->pixels)
    return FALSE;
  stream->width = width;
  stream->height = height;
  client->frameBuffer = stream->pixels;
  return TRUE;
}

static void on_update_end(rfbClient *client) { stream_of(client)->updates++; }

/* libvirt has opened the display past its password; a server that still asks for one is not what we were given. */
static char *no_password(rfbClient *client) {
  (void)client;
  return NULL;
}

static void prepare(rfbClient *client, int fd) {
  static const uint32_t no_authentication[] = {rfbNoAuth, 0};
  client->sock = fd;
  client->listenSpecified = TRUE; /* connected already */
  client->canHandleNewFBSize = TRUE;
  client->MallocFrameBuffer = on_size;
  client->FinishedFrameBufferUpdate = on_update_end;
  client->GetPassword = no_password;
  client->readTimeout = READ_TIMEOUT_S;
  client->appData.encodingsString = "raw";
  client->appData.useRemoteCursor = FALSE;
  client->appData.shareDesktop = TRUE;
  client->format.redShift = 16;
  client->format.greenShift = 8;
  client->format.blueShift = 0;
  SetClientAuthSchemes(client, no_authentication, 1);
}

struct vnc_stream *vnc_stream_create(int fd) {
  rfbClientLog = rfbClientErr = be_quiet;
  struct vnc_stream *stream = calloc(1, sizeof *stream);
  rfbClient *client = stream ? rfbGetClient(8, 3, 4) : NULL;
  if (!client) {
    free(stream);
    close(fd);
    return NULL;
  }
  prepare(client, fd);
  rfbClientSetClientData(client, &tag, stream);
  if (!rfbInitClient(client, NULL, NULL)) { /* which frees the client and closes the socket */
    free(stream->pixels);
    free(stream);
    return NULL;
  }
  stream->client = client;
  return stream;
}

void vnc_stream_destroy(struct vnc_stream *stream) {
  if (!stream)
    return;
  free(stream->client->rcSource); /* of a cursor that nobody asked for; the library forgets it */
  free(stream->client->rcMask);
  rfbClientCleanup(stream->client);
  free(stream->pixels);
  free(stream);
}

int vnc_stream_fd(const struct vnc_stream *stream) { return stream->client->sock; }

bool vnc_stream_step(struct vnc_stream *stream) { return HandleRFBServerMessage(stream->client) && stream->pixels; }

bool vnc_stream_has_buffered(const struct vnc_stream *stream) { return stream->client->buffered > 0; }

const uint8_t *vnc_stream_pixels(const struct vnc_stream *stream, uint32_t *width, uint32_t *height, uint64_t *updates) {
  *width = stream->width;
  *height = stream->height;
  *updates = stream->updates;
  return stream->pixels;
}
