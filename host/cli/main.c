/* transom: finds the verb and hands over to it. */
#include "common/exit_status.h"
#include "host/app/domain_source.h"
#include "host/app/settings.h"
#include "host/cli/command.h"

#include <stdio.h>
#include <string.h>

static int print_help(void) {
  printf("usage: transom [VERB] [ARGUMENT...]\nShows a virtual machine's screen in a window of its host, and takes keyboard and mouse "
         "back.\n\n");
  for (size_t i = 0; command_table[i]; i++)
    printf("  %-12s%s\n", command_table[i]->name, command_table[i]->summary);
  printf("\ntransom VERB --help says more about each. A VM's name in place of the verb shows that VM.\n");
  return EXIT_STATUS_OK;
}

static int refuse(const char *word) {
  const struct command *nearest = command_nearest(word);
  if (nearest)
    fprintf(stderr, "transom: '%s' is neither a verb nor a VM that libvirt or transom-serve knows; did you mean '%s'?\n", word,
            nearest->name);
  else
    fprintf(stderr, "transom: '%s' is neither a verb nor a VM that libvirt or transom-serve knows; try --help\n", word);
  return EXIT_STATUS_USAGE;
}

static bool names_domain(const char *word) {
  struct settings_storage storage;
  struct settings_places places;
  settings_places_init(&places, &storage);
  return settings_domain_exists(&places, word) || domain_source_knows(word);
}

/* Without a verb everything is meant for `view`, whose argv[0] is our own name then. */
int main(int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : NULL;
  if (!word)
    return command_view.run(argc, argv);
  if (strcmp(word, "--version") == 0) {
    printf("transom %s\n", TRANSOM_VERSION);
    return EXIT_STATUS_OK;
  }
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
    return print_help();
  const struct command *command = command_find(word);
  if (command)
    return command->run(argc - 1, argv + 1);
  if (word[0] != '-' && !names_domain(word))
    return refuse(word);
  return command_view.run(argc, argv);
}
