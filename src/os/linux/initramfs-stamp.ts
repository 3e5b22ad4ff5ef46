/** A file of the guest: newer than an initramfs that lacks something of the site. */
export const initramfsStamp = '/var/lib/imprint/initramfs-inputs';
