#include "stress/counted/counted_steps.h"

_Thread_local uint64_t counted_steps;
