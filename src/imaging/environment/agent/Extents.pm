# Moves extents of a device: `extents.pl read DEVICE FILE` writes them to standard output, one after the other; `write` takes them from standard input,
# and returns once they are on the device. FILE holds them as `offset,length` with semicolons between, in bytes.
use strict;
use warnings;
use Fcntl;
use IO::Handle;

my ($direction, $path, $file) = @ARGV;
my $piece = 1024 * 1024;
my $is_read = $direction eq 'read';
sysopen(my $device, $path, $is_read ? O_RDONLY : O_WRONLY) or die "open $path: $!\n";
open(my $list, '<', $file) or die "open $file: $!\n";
my @extents = map { [split /,/] } split /;/, (<$list> // '');
binmode STDIN;
binmode STDOUT;

for my $extent (@extents) {
    my ($offset, $length) = @$extent;
    defined sysseek($device, $offset, 0) or die "seek $path to $offset: $!\n";
    while ($length > 0) {
        my $wanted = $length < $piece ? $length : $piece;
        my $bytes = fill($is_read ? $device : \*STDIN, $wanted);
        drain($is_read ? \*STDOUT : $device, $bytes);
        $length -= $wanted;
    }
}
if (!$is_read) {
    $device->sync or die "sync $path: $!\n";
    sysread(STDIN, my $more, 1) == 0 or die "there is more than the extents hold\n";
}

sub fill {
    my ($from, $wanted) = @_;
    my $bytes = '';
    while (length $bytes < $wanted) {
        my $read = sysread($from, $bytes, $wanted - length $bytes, length $bytes);
        die "read: $!\n" unless defined $read;
        die "it ends early\n" if $read == 0;
    }
    return $bytes;
}

sub drain {
    my ($to, $bytes) = @_;
    for (my $at = 0; $at < length $bytes;) {
        my $written = syswrite($to, $bytes, length($bytes) - $at, $at);
        die "write: $!\n" unless defined $written;
        $at += $written;
    }
}
