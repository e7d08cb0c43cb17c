/*
 * broker-orphan SOCKET FILE: connects to a broker, leaves the connection to a child, and ends. The child asks, and
 * prints how that ends.
 */
#define main example_main
#include "../../docs/examples/broker-client.c"
#undef main
#include <sys/wait.h>

int main(int count, char **words) {
  struct packet request, answer;
  int none, sock, file;
  if (count < 3) return 2;
  sock = greet(words[1]);
  file = open(words[2], O_PATH | O_CLOEXEC);
  if (sock < 0 || file < 0) return 1;
  begin(&request, NAME_TO_HANDLE, 7, 24);
  put32(&request, 20, MAX_HANDLE);
  /* Here it is still its own. */
  if (send_packet(sock, &request, file) < 0 || receive_packet(sock, &answer, &none) < 0) return 1;
  printf("parent %d\n", (int32_t)get32(&answer, 12));
  fflush(stdout);
  if (fork() > 0) return 0;
  /* Until the parent is reaped: the number of whose child this is changes before that. */
  usleep(500000);
  if (send_packet(sock, &request, file) < 0) puts("child can not send");
  else if (receive_packet(sock, &answer, &none) < 0) puts("child is let go");
  else printf("child %d\n", (int32_t)get32(&answer, 12));
  return example_main == NULL;
}
