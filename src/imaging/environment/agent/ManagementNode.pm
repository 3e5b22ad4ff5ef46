# Requests to the management node over one connection, for as long as it takes: it may be away, the network may be down. `api.sh` says the same for single requests.
package ManagementNode;
use strict;
use warnings;
use HTTP::Tiny;
# The client loads it only with its first request.
use IO::Socket::SSL ();

# Seconds until a connection on which nothing comes is given up.
my $patience = 30;
# Seconds that a whole exchange may take: the client's own limit does not hold within a record of TLS. Tests give less.
my $longest = $ENV{longest} || 300;

sub new {
    my ($class, $api) = @_;
    open(my $file, '<', '/run/session') or die "open /run/session: $!\n";
    my ($authorization) = <$file> =~ /^Authorization: (.*)$/;
    my $http = HTTP::Tiny->new(
        verify_SSL      => 1,
        SSL_options     => { SSL_ca_file => '/etc/imprint/authority.crt' },
        default_headers => { Authorization => $authorization },
        keep_alive      => 1,
        max_redirect    => 0,
        timeout         => $patience,
    );
    return bless { api => $api, http => $http }, $class;
}

# The answer. Ends the program with 0 when the request fits no work that is under way: ask what to do now; with 3 when the session is over.
sub request {
    my ($self, $method, $path, $body) = @_;
    for (my $pause = 1; ; $pause = $pause < 8 ? $pause * 2 : 15) {
        my $answer = $self->exchange($method, $path, $body // '');
        my ($status, $content) = @$answer{qw(status content)};
        return $content if $status == 200;
        leave(0, $content) if $status == 409;
        leave(3, "this session is over: $content") if $status == 401;
        # The client's own status for whatever kept it from an answer.
        say($status == 599 ? 'no answer: ' . (split /\n/, $content)[0] : "answer $status: " . substr($content, 0, 300));
        sleep $pause;
    }
}

sub exchange {
    my ($self, $method, $path, $body) = @_;
    my $answer = eval {
        local $SIG{ALRM} = sub { die "it is not over after $longest s\n" };
        alarm $longest;
        my $within = $self->{http}->request($method, "$self->{api}$path", { content => $body });
        alarm 0;
        $within;
    };
    alarm 0;
    return $answer // { status => 599, content => $@ };
}

sub leave {
    my ($status, $words) = @_;
    say($words);
    exit $status;
}

sub say {
    my ($words) = @_;
    chomp $words;
    print "Imprint: $words\n";
}

1;
