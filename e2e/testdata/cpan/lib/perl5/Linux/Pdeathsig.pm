package Linux::Pdeathsig;

# Stand-in for tests, not the CPAN module: prctl(2) by its number, on the
# processors that are listed.
use strict;
use warnings;
use Config;
use Carp qw(croak);
use Exporter qw(import);

our $VERSION   = '0.01';
our @EXPORT_OK = qw(set_pdeathsig);
our @EXPORT    = @EXPORT_OK;

use constant PR_SET_PDEATHSIG => 1;

my %PRCTL = (x86_64 => 157, aarch64 => 167);

sub set_pdeathsig {
  my ($signal) = @_;
  my ($processor) = $Config{archname} =~ /\A([^-]+)/;
  my $number = $PRCTL{$processor} // croak "stand-in: no prctl for $processor";
  return syscall($number, PR_SET_PDEATHSIG, int($signal), 0, 0, 0) == 0;
}

1;
