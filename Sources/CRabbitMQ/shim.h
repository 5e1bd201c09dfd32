// Debian 12 ships librabbitmq 0.11, whose headers have no directory of their own.
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
