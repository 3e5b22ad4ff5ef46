# Chunks from the disks and onto them: `move.pl send API EPOCH` or `move.pl take API EPOCH`. The management node names those that are still to come, so a
# machine that was reset goes on where it was. Ends with 0 when there is to be asked what to do now, with 3 when the session is over, and with 2, its reason
# on standard error, when this cannot be done here.
use strict;
use warnings;
use lib '/imprint';
use Extents;
use ManagementNode;
use Net::SSLeay;
use POSIX ();

my ($direction, $api, $epoch) = @ARGV;
my $node;
my $writing;
my %moves = (send => \&send_chunks, take => \&take_chunks);

$| = 1;
# Writing to what is gone, a connection or a zstd, is an error like others, with its words. The HTTP client ignores this signal in most places, not in all: a
# management node that was killed has ended this program by it. What is started here does not inherit a handler.
$SIG{PIPE} = sub { };
# A chunk that is under way beside this is not left behind.
END { local $?; 1 while wait > 0 }
eval { $node = ManagementNode->new($api); $moves{$direction}->(); 1 } or do {
    print STDERR $@;
    exit 2;
};

# The next chunk is read and packed while the one before it is sent.
sub send_chunks {
    my $next = chunks_to_come(qw(device disk offset length extents));
    my $packing = start_packing($next->());
    while ($packing) {
        my ($chunk, $bytes) = $packing->();
        $packing = start_packing($next->());
        $node->request('PUT', "/chunk?$chunk->{name}&sha256=" . sha256_of($bytes), $bytes);
    }
}

sub start_packing {
    my ($chunk) = @_;
    return unless $chunk;
    my $end = beside("the chunk of $chunk->{device} at $chunk->{offset} cannot be read and packed", sub {
        open(STDOUT, '>', '/run/packing') or die "open /run/packing: $!\n";
        open(my $zstd, '|-', 'zstd', '-q', '-3', '-c') or die "start zstd: $!\n";
        Extents::send_to($chunk->{device}, $chunk->{extents}, $zstd);
        close $zstd or die "zstd ended with " . ($? >> 8) . "\n";
    });
    return sub { $end->(); return ($chunk, content_of('/run/packing')) };
}

# A chunk is written while the next one is fetched.
sub take_chunks {
    my $next = chunks_to_come(qw(device disk offset sha256 extents));
    while (my $chunk = $next->()) {
        my $bytes = fetch($chunk);
        tell_written();
        start_writing($chunk, $bytes);
    }
    tell_written();
}

# What arrived as something else is fetched again.
sub fetch {
    my ($chunk) = @_;
    while (1) {
        my $bytes = $node->request('GET', "/chunk?$chunk->{name}");
        return $bytes if sha256_of($bytes) eq $chunk->{sha256};
        ManagementNode::say("the chunk at $chunk->{offset} has arrived damaged");
    }
}

sub start_writing {
    my ($chunk, $bytes) = @_;
    open(my $file, '>:raw', '/run/writing') or die "open /run/writing: $!\n";
    print $file $bytes;
    close $file or die "write /run/writing: $!\n";
    my $end = beside("the chunk of $chunk->{device} at $chunk->{offset} cannot be unpacked and written", sub {
        open(my $zstd, '-|', 'zstd', '-dqc', '/run/writing') or die "start zstd: $!\n";
        Extents::take_from($chunk->{device}, $chunk->{extents}, $zstd);
        close $zstd or die "zstd ended with " . ($? >> 8) . "\n";
    });
    $writing = sub { $end->(); $node->request('POST', "/written?$chunk->{name}") };
}

sub tell_written {
    $writing->() if $writing;
    $writing = undef;
}

# Does it in a process of its own. What is returned waits for its end; these words are told when it has failed.
sub beside {
    my ($words, $work) = @_;
    my $pid = fork // die "start a process: $!\n";
    if ($pid == 0) {
        # Without what runs at the end of a program: the connection is not this process's to close.
        eval { $work->(); 1 } or do { print STDERR "$words: $@"; POSIX::_exit(1) };
        POSIX::_exit(0);
    }
    return sub {
        waitpid($pid, 0);
        return if $? == 0;
        print STDERR "$words: its process was ended by signal " . ($? & 127) . "\n" if $? & 127;
        exit 2;
    };
}

# What is returned gives the next one at each call, at the end nothing. The list stays one text: a terabyte is a hundred thousand chunks.
sub chunks_to_come {
    my @names = @_;
    my $list = $node->request('GET', '/chunks');
    return sub {
        $list =~ /\G(.*)\n/g or return;
        my $line = $1;
        my %chunk;
        @chunk{@names} = split /\t/, $line;
        $chunk{name} = "disk=$chunk{disk}&offset=$chunk{offset}&epoch=$epoch";
        return \%chunk;
    };
}

sub content_of {
    my ($path) = @_;
    open(my $file, '<:raw', $path) or die "open $path: $!\n";
    local $/;
    return scalar <$file>;
}

sub sha256_of { return unpack 'H*', Net::SSLeay::SHA256($_[0]) }
