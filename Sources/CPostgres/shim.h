// Debian puts libpq's headers into a directory of their own, which pkg-config names.
#include <libpq-fe.h>
