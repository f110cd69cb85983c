/* host/serve/login_sessions.h where the test says who is here. Link it before transom_serve. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_LOGIN_SESSIONS_H
#define TRANSOM_TESTS_SUPPORT_FAKE_LOGIN_SESSIONS_H

#include "host/serve/login_sessions.h"

void fake_login_reset(enum login_presence everybody);
void fake_login_set(uid_t uid, enum login_presence presence); /* and tells whoever watches */

#endif
