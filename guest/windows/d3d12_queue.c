#include "guest/windows/d3d12_queue.h"

#include <string.h>

static HRESULT create_queue(struct d3d12_queue *queue) {
  D3D12_COMMAND_QUEUE_DESC desc = {.Type = D3D12_COMMAND_LIST_TYPE_COPY, .Priority = D3D12_COMMAND_QUEUE_PRIORITY_HIGH};
  HRESULT result = ID3D12Device_CreateCommandQueue(queue->device, &desc, &IID_ID3D12CommandQueue, (void **)&queue->queue);
  if (SUCCEEDED(result))
    return result;
  desc.Priority = D3D12_COMMAND_QUEUE_PRIORITY_NORMAL;
  return ID3D12Device_CreateCommandQueue(queue->device, &desc, &IID_ID3D12CommandQueue, (void **)&queue->queue);
}

static HRESULT create_all(struct d3d12_queue *queue, const char **what) {
  *what = "the GPU's copy queue";
  HRESULT result = create_queue(queue);
  if (FAILED(result))
    return result;
  *what = "a fence";
  result = ID3D12Device_CreateFence(queue->device, 0, D3D12_FENCE_FLAG_NONE, &IID_ID3D12Fence, (void **)&queue->fence);
  if (FAILED(result))
    return result;
  *what = "an event";
  queue->event = CreateEventW(NULL, FALSE, FALSE, NULL);
  return queue->event ? S_OK : HRESULT_FROM_WIN32(GetLastError());
}

HRESULT d3d12_queue_init(struct d3d12_queue *queue, ID3D12Device *device, const char **what) {
  memset(queue, 0, sizeof *queue);
  queue->device = device;
  ID3D12Device_AddRef(device);
  const HRESULT result = create_all(queue, what);
  if (FAILED(result))
    d3d12_queue_finish(queue);
  return result;
}

void d3d12_queue_finish(struct d3d12_queue *queue) {
  COM_RELEASE(queue->fence);
  COM_RELEASE(queue->queue);
  COM_RELEASE(queue->device);
  if (queue->event)
    CloseHandle(queue->event);
  queue->event = NULL;
}

HRESULT d3d12_queue_submit(struct d3d12_queue *queue, ID3D12GraphicsCommandList *list) {
  ID3D12CommandList *lists[1] = {(ID3D12CommandList *)list};
  ID3D12CommandQueue_ExecuteCommandLists(queue->queue, 1, lists);
  return ID3D12CommandQueue_Signal(queue->queue, queue->fence, ++queue->signalled);
}

/* A removed device completes every fence with the highest value there is. */
static enum d3d12_wait look(struct d3d12_queue *queue, uint64_t value) {
  const UINT64 completed = ID3D12Fence_GetCompletedValue(queue->fence);
  return completed == UINT64_MAX ? D3D12_REMOVED : completed >= value ? D3D12_REACHED : D3D12_TIMED_OUT;
}

/* The event may still be set from a wait that ended otherwise: so it is waited for again until the fence says so, or the time is over. */
enum d3d12_wait d3d12_queue_wait(struct d3d12_queue *queue, uint64_t value, uint32_t timeout_ms) {
  enum d3d12_wait state = look(queue, value);
  for (int tries = 0; state == D3D12_TIMED_OUT && tries < 2; tries++) {
    if (FAILED(ID3D12Fence_SetEventOnCompletion(queue->fence, value, queue->event)))
      return FAILED(ID3D12Device_GetDeviceRemovedReason(queue->device)) ? D3D12_REMOVED : D3D12_TIMED_OUT;
    const DWORD woken = WaitForSingleObject(queue->event, timeout_ms);
    state = look(queue, value);
    if (woken != WAIT_OBJECT_0)
      break;
  }
  return state;
}
