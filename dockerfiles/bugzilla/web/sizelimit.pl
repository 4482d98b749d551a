# mod_perl.pl lets a worker end that has more than 45 MB to itself. Apache2::SizeLimit takes all data of a process for
# its own by now, also what it shares with the process that it was forked from: each worker would end after its first
# request. So the limit is 45 MB more than what this process, the one that forks, has.
use v5.36;

if (my $limit = Apache2::SizeLimit->can('set_max_unshared_size')) {
  open my $in, '<', '/proc/self/statm' or die "/proc/self/statm: $!\n";
  my $data = 4 * (split ' ', <$in>)[5];
  Apache2::SizeLimit->$limit($data + 45_000);
}

1;
