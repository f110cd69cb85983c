/* A small game for the guest's console: a ball, four walls, a paddle that follows the arrow keys. Something that moves, to look at and to
 * feel the delay of the keys with. */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 16
#define PADDLE_WIDTH 14
#define PADDLE_STEP 3

struct game {
  int columns, rows;
  double x, y, dx, dy; /* of the ball, in cells, a step */
  int paddle;          /* its left end */
  unsigned hits, misses;
};

static volatile sig_atomic_t stop_requested;

static void on_signal(int number) {
  (void)number;
  stop_requested = 1;
}

static void game_init(struct game *game) {
  struct winsize size = {.ws_row = 25, .ws_col = 80};
  ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  *game = (struct game){.columns = size.ws_col, .rows = size.ws_row, .x = 2, .y = 2, .dx = 0.6, .dy = 0.25};
  game->paddle = game->columns / 2 - PADDLE_WIDTH / 2;
}

static void game_move_paddle(struct game *game, int cells) {
  game->paddle += cells;
  if (game->paddle < 0)
    game->paddle = 0;
  if (game->paddle > game->columns - PADDLE_WIDTH)
    game->paddle = game->columns - PADDLE_WIDTH;
}

static void game_step(struct game *game) {
  game->x += game->dx;
  game->y += game->dy;
  if ((game->x < 0 && game->dx < 0) || (game->x >= game->columns - 1 && game->dx > 0))
    game->dx = -game->dx;
  if (game->y < 1 && game->dy < 0)
    game->dy = -game->dy;
  if (game->y < game->rows - 2 || game->dy < 0)
    return;
  bool hit = game->x >= game->paddle && game->x <= game->paddle + PADDLE_WIDTH;
  game->hits += hit;
  game->misses += !hit;
  game->dy = -game->dy;
}

/* One write a picture, so that the console never shows half of one. */
static void game_draw(const struct game *game, int old_x, int old_y) {
  int x = (int)game->x, y = (int)game->y;
  printf("\033[1;1H\033[7m bounce   hits %u   misses %u   arrow keys move, q leaves \033[0m", game->hits, game->misses);
  if (old_x != x || old_y != y)
    printf("\033[%d;%dH ", old_y + 1, old_x + 1);
  printf("\033[%d;%dH\033[1;33mO\033[0m", y + 1, x + 1);
  printf("\033[%d;1H\033[K\033[%d;%dH\033[1;36m", game->rows, game->rows, game->paddle + 1);
  for (int i = 0; i < PADDLE_WIDTH; i++)
    putchar('=');
  printf("\033[0m");
  fflush(stdout);
}

/* Arrow keys arrive as ESC [ C and ESC [ D. False: leave. */
static bool game_read_keys(struct game *game) {
  struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
  if (poll(&wait, 1, STEP_MS) <= 0)
    return true;
  char keys[64];
  ssize_t count = read(STDIN_FILENO, keys, sizeof keys);
  for (ssize_t i = 0; i < count; i++) {
    if (keys[i] == 'q')
      return false;
    if (keys[i] == 'C')
      game_move_paddle(game, PADDLE_STEP);
    if (keys[i] == 'D')
      game_move_paddle(game, -PADDLE_STEP);
  }
  return count > 0;
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void play(void) {
  struct game game;
  game_init(&game);
  long long next_ms = now_ms();
  while (!stop_requested && game_read_keys(&game)) {
    if (now_ms() < next_ms)
      continue;
    next_ms = now_ms() + STEP_MS;
    int old_x = (int)game.x, old_y = (int)game.y;
    game_step(&game);
    game_draw(&game, old_x, old_y);
  }
}

int main(void) {
  struct termios cooked, raw;
  if (tcgetattr(STDIN_FILENO, &cooked) != 0) {
    fprintf(stderr, "bounce: needs a terminal\n");
    return 1;
  }
  raw = cooked;
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  printf("\033[2J\033[?25l");
  play();
  printf("\033[0m\033[2J\033[1;1H\033[?25h");
  fflush(stdout);
  tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
  return 0;
}
