# shellcheck shell=bash
# A terminal of our own, for hack/screens: tmux on its own socket, and on a new one each time, since a server that has
# been stopped takes a while to exit.

TERMINAL=docker-bmo-screens-$$-0

tm() { tmux -L "$TERMINAL" -f /dev/null "$@"; }

# open_terminal WIDTH HEIGHT: a shell in it, with a plain prompt. Each prompt also signals the end of the command before
# it to whoever waits for that.
open_terminal() {
  close_terminal
  TERMINAL=${TERMINAL%-*}-$((${TERMINAL##*-} + 1))
  tm new-session -d -x "$1" -y "$2" env -u NO_COLOR PS1='$ ' \
    PROMPT_COMMAND="tmux -L $TERMINAL wait-for -S prompt" bash --norc --noprofile
  tm set-option -g history-limit 20000
  tm wait-for prompt
}

close_terminal() { tm kill-server 2>/dev/null || true; }

# type_line WORDS: as a user would, with the return key.
type_line() {
  tm send-keys -l "$1"
  tm send-keys Enter
}

await_prompt() { tm wait-for prompt; }

# await TEXT: until the screen shows it, a regular expression.
await() {
  local until=$((SECONDS + 300))
  until shot | grep -Eq "$1"; do
    ((SECONDS < until)) || die "the screen does not come to show: $1" "see what it shows: $(shot | tail -n 5)"
    sleep 0.1
  done
}

# shot: the screen as it is; colors: with its colors; roll: with everything that has been scrolled out of it.
shot() { tm capture-pane -p | trim; }
colors() { tm capture-pane -p -e; }
roll() { tm capture-pane -p -S - | trim; }

# trim: removes blanks at the ends of lines, empty lines at the end, and the prompt that has come back.
trim() { sed -e 's/[[:space:]]*$//' -e '${/^\$$/d}' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' | sed -e '${/^\$$/d}'; }
