/* What every program of ours exits with. */
#ifndef TRANSOM_COMMON_EXIT_STATUS_H
#define TRANSOM_COMMON_EXIT_STATUS_H

enum exit_status {
  EXIT_STATUS_OK = 0,
  EXIT_STATUS_FAILED = 1,
  EXIT_STATUS_USAGE = 2,
  EXIT_STATUS_CANNOT_RUN_HERE = 77, /* and why, in one line on stderr */
};

#endif
