/* A Direct3D 12 device of software that copies as a GPU does and fails where it is told: also with what no driver here offers, a heap
 * opened on memory (ID3D12Device3). Objects are counted, so that a test can say that none is left. One thread, one device at a time. */
#ifndef TRANSOM_TESTS_WINDOWS_FAKE_D3D12_H
#define TRANSOM_TESTS_WINDOWS_FAKE_D3D12_H

#include "guest/windows/d3d12_headers.h"

#include <stdbool.h>

enum fake_d3d12_fault {
  FAKE_D3D12_REFUSES, /* the call returns E_OUTOFMEMORY; a fence wait, a failure to arm its event */
  FAKE_D3D12_REMOVED, /* the call finds the device removed, which it is from then on */
  FAKE_D3D12_HANGS,   /* nothing that is submitted from then on completes */
  FAKE_D3D12_SLOW,    /* what is submitted completes after the second wait for it */
};

struct fake_d3d12_options {
  unsigned fail_at; /* the call that fails, from 1; 0 = none */
  enum fake_d3d12_fault fault;
  bool no_device3;         /* as drivers and Wine without it */
  UINT64 heap_alignment;   /* of an opened heap; 0 = 65536 */
  bool refuses_placements; /* the heap opens, and the first placement removes the device: seen on real GPUs */
};

/* The device is its caller's, to be released. */
ID3D12Device *fake_d3d12_create(const struct fake_d3d12_options *options);

unsigned fake_d3d12_calls(void);   /* that could have failed, since the last create */
bool fake_d3d12_lost_signal(void); /* a submission is under way of whose end nobody will be told: the device hangs, or refused a signal */
int fake_d3d12_live(void);         /* objects, of all devices */

#endif
