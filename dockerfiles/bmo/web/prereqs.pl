#!/usr/bin/perl
# What a cpanfile asks for and is not installed: from Debian where Debian has
# it, the rest from CPAN or from a folder that takes CPAN's place.
#
#   prereqs.pl packages CPANFILE   names of Debian packages that would help
#   prereqs.pl install CPANFILE    asks CPAN for the rest
#   prereqs.pl check CPANFILE      names what is missing, fails if anything is
#   prereqs.pl relax FILE...       takes the relaxed pins out of Perl files
#
# Environment:
#   RELAX_PINS     modules whose exact pin (== VERSION) may be any version
#   EXTRA_MODULES  modules to have beyond the cpanfile's runtime phase
#   CPAN_MIRROR    a mirror to ask in place of CPAN's own
use v5.36;
use Config;
use Module::CPANfile;
use Module::Metadata;

# Where CPAN's modules go, and where they are kept for the next build.
my $LOCAL = '/app/local';
my $CACHE = '/var/cache/docker-bmo-cpan';

my %COMMAND = (
  packages => \&packages,
  install  => \&install,
  check    => \&check,
  relax    => \&relax,
);

my ($name, @args) = @ARGV;
my $command = $COMMAND{$name // ''} or die "usage: prereqs.pl packages|install|check|relax FILE...\n";
$command->(@args);

# requirements of the phases that an application runs with, and of the extra
# modules: their version is what any phase of the cpanfile asks for.
sub requirements ($file) {
  my $prereqs = Module::CPANfile->load($file)->prereqs;
  my $wanted  = $prereqs->merged_requirements([qw(configure runtime)], ['requires']);
  my $all     = $prereqs->merged_requirements;
  $wanted->clear_requirement('perl');
  for my $module (words('EXTRA_MODULES')) {
    $wanted->add_string_requirement($module => $all->requirements_for_module($module) // 0);
  }
  return relaxed($wanted);
}

sub relaxed ($wanted) {
  for my $module (words('RELAX_PINS')) {
    my $range = $wanted->requirements_for_module($module) // '';
    next if $range !~ /^==/;
    $wanted->clear_requirement($module);
    $wanted->add_minimum($module => 0);
  }
  return $wanted;
}

# unmet is a list of [module, range asked for, version installed or undef].
sub unmet ($file) {
  my $wanted = requirements($file);
  my @unmet;
  for my $module (sort $wanted->required_modules) {
    my $version = installed($module);
    next if defined $version && $wanted->accepts_module($module, $version);
    push @unmet, [$module, $wanted->requirements_for_module($module), $version];
  }
  return @unmet;
}

sub installed ($module) {
  my $meta = Module::Metadata->new_from_module($module) or return undef;
  return $meta->version($module) // 0;
}

sub words ($variable) { return split ' ', $ENV{$variable} // '' }

# packages prints Debian's name for each missing module that apt knows it by.
# A module of the wrong version is not looked up: Debian's is what it has.
sub packages ($file) {
  my @names = map { debian_name($_->[0]) } grep { !defined $_->[2] } unmet($file);
  say for grep { system("apt-cache show $_ >/dev/null 2>&1") == 0 } @names;
}

sub debian_name ($module) {
  return 'lib' . lc($module =~ s/::/-/gr =~ s/_/-/gr) . '-perl';
}

# install asks CPAN for what is unmet. What an earlier build installed is taken
# again when all of it is still asked for: one more module installs one module,
# and none that nobody asks for is there.
sub install ($file) {
  my @asked = map { cpan_name(@$_) } unmet($file) or return;
  my $built = "perl $Config{version} $Config{archname}";
  run('cp', '-a', "$CACHE/local/.", $LOCAL) if kept($built, @asked);

  my @mirror = $ENV{CPAN_MIRROR} ? ('--mirror', $ENV{CPAN_MIRROR}, '--mirror-only') : ();
  my @missing = map { cpan_name(@$_) } unmet($file);
  say STDERR "from CPAN: @missing";
  run('cpanm', '--notest', '--local-lib', $LOCAL, @mirror, @missing) if @missing;

  run('rm', '-rf', "$CACHE/local");
  run('cp', '-a', $LOCAL, "$CACHE/local");
  spew("$CACHE/asked", join '', map {"$_\n"} $built, @asked);
}

sub cpan_name ($module, $range, $) {
  return $range =~ /^==\s*(\S+)$/ ? "$module\@$1" : "$module~$range";
}

# kept reports whether the cache holds modules for this Perl, all of them asked for.
sub kept (@asked) {
  return if !-e "$CACHE/asked";
  my %asked = map { $_ => 1 } @asked;
  return !grep { !$asked{$_} } split /\n/, slurp("$CACHE/asked");
}

sub run (@command) {
  system(@command) == 0 or die "$command[0] failed\n";
}

sub check ($file) {
  report_relaxed($file);
  my @unmet = unmet($file) or return say STDERR 'every Perl module is there';
  for (@unmet) {
    my ($module, $range, $version) = @$_;
    my $have = defined $version ? "$version is installed" : 'not installed';
    my $asked = $range eq '0' ? 'any version' : $range;
    say STDERR "perl module $module ($asked): $have";
  }
  say STDERR 'hint: --build-context cpan=DIR gives what CPAN would, DIR/lib/perl5/...';
  say STDERR 'hint: --set RELAX_PINS="MODULE ..." accepts any version where an exact one is asked for'
    if grep { $_->[1] =~ /^==/ && defined $_->[2] } @unmet;
  exit 1;
}

sub report_relaxed ($file) {
  my $asked = Module::CPANfile->load($file)->prereqs->merged_requirements;
  for my $module (words('RELAX_PINS')) {
    my $range = $asked->requirements_for_module($module) // '';
    my $have  = installed($module) // 'none';
    say STDERR $range =~ /^==/
      ? "relaxed: $module $range, installed is $have"
      : "nothing to relax: $module has no exact pin";
  }
}

# relax rewrites 'MODULE' => '== VERSION' to 'MODULE' => 0 where it is in
# Perl code: the application checks its own list of prerequisites too.
sub relax (@files) {
  for my $file (@files) {
    my $text = slurp($file);
    for my $module (words('RELAX_PINS')) {
      my $count = $text =~ s/(['"]?\b\Q$module\E['"]?\s*=>\s*)(['"])==[^'"]*\2/$1'0'/g;
      say STDERR "relaxed in $file: $module, $count times" if $count;
    }
    spew($file, $text) if $text ne slurp($file);
  }
}

sub slurp ($file) {
  open my $in, '<:raw', $file or die "$file: $!\n";
  local $/;
  return <$in>;
}

sub spew ($file, $text) {
  open my $out, '>:raw', $file or die "$file: $!\n";
  print {$out} $text;
  close $out or die "$file: $!\n";
}
