// Debian 12 ships librabbitmq 0.11, whose headers have no directory of their own.
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

// Swift's module of the C library leaves this header out; the threads that own connections are woken by an eventfd.
#include <sys/eventfd.h>

// `amqp_login_with_properties` is variadic, which Swift cannot call. Without these capabilities the server would neither
// announce an alarm nor tell a consumer that its queue is gone: librabbitmq itself announces only the last one.
static inline amqp_rpc_reply_t waybill_amqp_login(
    amqp_connection_state_t state, const char *vhost, int frame_max, int heartbeat_seconds, const char *client_name,
    const char *user, const char *password) {
  static const char *const names[] = {"publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked",
                                      "authentication_failure_close"};
  enum { count = sizeof names / sizeof names[0] };
  amqp_table_entry_t capabilities[count];
  for (int i = 0; i < count; i++) {
    capabilities[i].key = amqp_cstring_bytes(names[i]);
    capabilities[i].value.kind = AMQP_FIELD_KIND_BOOLEAN;
    capabilities[i].value.value.boolean = 1;
  }
  amqp_table_entry_t properties[3];
  properties[0].key = amqp_cstring_bytes("product");
  properties[0].value.kind = AMQP_FIELD_KIND_UTF8;
  properties[0].value.value.bytes = amqp_cstring_bytes("Waybill");
  properties[1].key = amqp_cstring_bytes("connection_name");
  properties[1].value.kind = AMQP_FIELD_KIND_UTF8;
  properties[1].value.value.bytes = amqp_cstring_bytes(client_name);
  properties[2].key = amqp_cstring_bytes("capabilities");
  properties[2].value.kind = AMQP_FIELD_KIND_TABLE;
  properties[2].value.value.table.num_entries = count;
  properties[2].value.value.table.entries = capabilities;
  amqp_table_t table = {3, properties};
  return amqp_login_with_properties(state, vhost, AMQP_DEFAULT_MAX_CHANNELS, frame_max, heartbeat_seconds, &table,
                                    AMQP_SASL_METHOD_PLAIN, user, password);
}
