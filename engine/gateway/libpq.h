// libpq's functions. The library is loaded when the first record in PostgreSQL is opened: it brings
// Kerberos, LDAP and GnuTLS, which would take more than a third of each start of every command.
//
// They have the names that they have there: within namespace squall these hide those of libpq-fe.h,
// so that a call reads as in PostgreSQL's manual.
#pragma once

#include <absl/status/status.h>
#include <libpq-fe.h>

namespace squall {

#define SQUALL_LIBPQ_FUNCTIONS(X) \
  X(PQclear);                     \
  X(PQcmdStatus);                 \
  X(PQconnectPoll);               \
  X(PQconnectStartParams);        \
  X(PQconninfoFree);              \
  X(PQconninfoParse);             \
  X(PQconsumeInput);              \
  X(PQerrorMessage);              \
  X(PQfformat);                   \
  X(PQfinish);                    \
  X(PQflush);                     \
  X(PQfreemem);                   \
  X(PQftype);                     \
  X(PQgetResult);                 \
  X(PQgetisnull);                 \
  X(PQgetlength);                 \
  X(PQgetvalue);                  \
  X(PQisBusy);                    \
  X(PQnfields);                   \
  X(PQntuples);                   \
  X(PQparameterStatus);           \
  X(PQresultErrorField);          \
  X(PQresultStatus);              \
  X(PQsendPrepare);               \
  X(PQsendQuery);                 \
  X(PQsendQueryPrepared);         \
  X(PQsetNoticeProcessor);        \
  X(PQsetnonblocking);            \
  X(PQsocket);                    \
  X(PQstatus)

#define SQUALL_DECLARE(name) extern decltype(&::name) name
SQUALL_LIBPQ_FUNCTIONS(SQUALL_DECLARE);
#undef SQUALL_DECLARE

// Loads the library if it is not loaded yet; from then on the functions above can be called. Any
// thread may call it. FailedPrecondition where there is no library: the dynamic loader's words.
absl::Status LoadLibpq();

}  // namespace squall
