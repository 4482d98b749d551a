# Adds to Apache's configuration, and loads the modules before the workers are forked.
use v5.36;
use lib '/app';
use Apache2::ServerUtil ();
use Bugzilla            ();
use ModPerl::Registry   ();

Apache2::ServerUtil->server->add_config([split /\n/, <<'END']);
<Directory "/app">
    AddHandler perl-script .cgi
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
    Options +ExecCGI
    AllowOverride All
    DirectoryIndex index.cgi
</Directory>
END

1;
