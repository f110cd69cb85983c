/* A copy queue with one fence and an event to wait by. One thread. */
#ifndef TRANSOM_GUEST_WINDOWS_D3D12_QUEUE_H
#define TRANSOM_GUEST_WINDOWS_D3D12_QUEUE_H

#include "guest/windows/d3d12_headers.h"

#include <stdbool.h>
#include <stdint.h>

struct d3d12_queue {
  ID3D12Device *device;
  ID3D12CommandQueue *queue;
  ID3D12Fence *fence;
  HANDLE event;
  uint64_t signalled; /* last value that the queue was told to signal */
};

enum d3d12_wait { D3D12_REACHED, D3D12_TIMED_OUT, D3D12_REMOVED };

/* High priority where the system allows it. S_OK, or the fault; `*what` then names the step. */
HRESULT d3d12_queue_init(struct d3d12_queue *queue, ID3D12Device *device, const char **what);
void d3d12_queue_finish(struct d3d12_queue *queue); /* fine on a zeroed one, and twice */

/* Executes a closed list and signals the next value. */
HRESULT d3d12_queue_submit(struct d3d12_queue *queue, ID3D12GraphicsCommandList *list);

enum d3d12_wait d3d12_queue_wait(struct d3d12_queue *queue, uint64_t value, uint32_t timeout_ms);

#endif
