# Moves extents of a device: lists of `offset,length` with semicolons between, in bytes.
package Extents;
use strict;
use warnings;
use Fcntl;
use IO::Handle;

my $piece = 1024 * 1024;

# Writes them to a handle, one after the other.
sub send_to {
    my ($path, $extents, $handle) = @_;
    my $device = open_device($path, O_RDONLY);
    each_of($device, $path, $extents, sub { drain($handle, fill($device, $_[0])) });
}

# Takes them from a handle, and returns once they are on the device. There must be no more than the extents hold.
sub take_from {
    my ($path, $extents, $handle) = @_;
    my $device = open_device($path, O_WRONLY);
    each_of($device, $path, $extents, sub { drain($device, fill($handle, $_[0])) });
    $device->sync or die "sync $path: $!\n";
    sysread($handle, my $more, 1) == 0 or die "there is more than the extents hold\n";
}

sub open_device {
    my ($path, $mode) = @_;
    sysopen(my $device, $path, $mode) or die "open $path: $!\n";
    return $device;
}

sub each_of {
    my ($device, $path, $extents, $move) = @_;
    for (split /;/, $extents) {
        my ($offset, $length) = split /,/;
        defined sysseek($device, $offset, 0) or die "seek $path to $offset: $!\n";
        for (; $length > 0; $length -= $piece) { $move->($length < $piece ? $length : $piece) }
    }
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

1;
