#include <zmq.h>

/* Every 4.3 release implements this option, but its header declares it among the drafts. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
