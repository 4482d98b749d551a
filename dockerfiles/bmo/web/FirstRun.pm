# What the programs of a first run are given to make its output and its
# snapshot better; perl -MFirstRun.
#
# Standard output and error keep their order. A chmod or chown that would change
# nothing does nothing: on an overlay file system each one copies the file up,
# and setting the permissions of a whole tree would put all of it into the
# snapshot.
package FirstRun;
use v5.36;
use Fcntl qw(S_IMODE);
use IO::Handle;

BEGIN {
  STDOUT->autoflush(1);

  *CORE::GLOBAL::chmod = sub ($mode, @files) {
    my @changed = grep { my @stat = stat; !@stat || S_IMODE($stat[2]) != $mode } @files;
    return @files - @changed + (@changed ? CORE::chmod($mode, @changed) : 0);
  };
  *CORE::GLOBAL::chown = sub ($user, $group, @files) {
    my @changed = grep { my @stat = stat; !@stat || $stat[4] != $user || $stat[5] != $group } @files;
    return @files - @changed + (@changed ? CORE::chown($user, $group, @changed) : 0);
  };
}

1;
