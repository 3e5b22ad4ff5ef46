import type { Distribution } from './distribution.ts';

/**
 * Debian and Ubuntu. Configuration of ifupdown, systemd-networkd and netplan that names one card is set aside for DHCP on any card. Without
 * systemd-resolved the name servers stay those of /etc/resolv.conf.
 */
export const debian: Distribution = {
  name: 'Debian and Ubuntu',
  id: 'debian',
  functions: String.raw`
package_cache() {
  delete 'files of the package cache' /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* /var/cache/apt/*.bin
}

is_enabled() {
  for link in /etc/systemd/system/*.wants/"$1"; do [ ! -e "$link" ] || return 0; done
  return 1
}

# set_aside FILE [DIRECTORY]: under a name that no program reads as configuration.
set_aside() {
  kept=$1.before-imprint
  [ -z "$2" ] || kept=$2/$(basename "$1").before-imprint
  mv -f "$1" "$kept" && changed "$1 named a card and is now $kept" || fail "could not set $1 aside"
}

dhcp_for_any_card() {
  put /etc/systemd/network/80-imprint-ethernet.network 0644 '[Match]
Type=ether
Kind=!*

[Network]
DHCP=yes

[DHCPv4]
ClientIdentifier=mac
' 'DHCP on any Ethernet card, by systemd-networkd'
  is_enabled systemd-networkd.service && return 0
  if systemctl enable systemd-networkd.service 2>/dev/null; then changed 'systemd-networkd enabled'; else fail 'could not enable systemd-networkd'; fi
}

networkd_files() {
  for file in $(grep -lsE '^(MACAddress|PermanentMACAddress|Path)=|^Name=[^*?!]*$' /etc/systemd/network/*.network); do
    set_aside "$file"
    named=yes
  done
}

ifupdown_files() {
  cat /etc/network/interfaces /etc/network/interfaces.d/* 2>/dev/null |
    awk '$1 == "iface" && $2 != "lo" && $2 !~ /[*\/]/ { found = 1 } END { exit !found }' || return 0
  # All files there are read, whatever their names.
  for file in /etc/network/interfaces.d/* /etc/network/interfaces; do [ ! -f "$file" ] || set_aside "$file" /etc/network; done
  put /etc/network/interfaces 0644 'auto lo
iface lo inet loopback
' 'only the loopback is left to ifupdown'
  named=yes
}

# A definition without match is for the card of that name; one with a MAC address for that card.
netplan_files() {
  wrote=
  for file in /etc/netplan/*.yaml; do
    [ -f "$file" ] && grep -q '^[[:space:]]*ethernets:' "$file" || continue
    ! grep -q 'macaddress:' "$file" && grep -q 'match:' "$file" && continue
    set_aside "$file"
    wrote=yes
  done
  [ -n "$wrote" ] || return 0
  put /etc/netplan/99-imprint.yaml 0600 'network:
  version: 2
  renderer: networkd
  ethernets:
    any:
      match: {name: "e*"}
      dhcp4: true
      dhcp-identifier: mac
' 'DHCP on any Ethernet card, by netplan'
}

# NetworkManager connects any card for which it has no profile.
networkmanager_files() {
  for file in /etc/NetworkManager/system-connections/*; do
    [ -f "$file" ] && grep -qE '^type=(802-3-)?ethernet' "$file" && grep -qE '^(interface-name|mac-address)=' "$file" || continue
    sed -i -E '/^(interface-name|mac-address)=/d' "$file" && changed "$file is now for any card"
  done
}

# As Apache VCL does, cards get DHCP: an address of the machine that was captured would be in use twice.
network() {
  named=
  networkd_files
  ifupdown_files
  netplan_files
  networkmanager_files
  [ -z "$named" ] || dhcp_for_any_card
}

# Which modules the initramfs gets; the last assignment counts.
configured_modules() {
  cat /etc/initramfs-tools/initramfs.conf /etc/initramfs-tools/conf.d/* 2>/dev/null | sed -n 's/^[ \t]*MODULES=//p' | tail -n 1
}

initramfs() {
  if command -v update-initramfs >/dev/null; then
    modules=$(configured_modules)
    [ "$modules" = most ] || put /etc/initramfs-tools/conf.d/zz-imprint 0644 'MODULES=most
' "MODULES=$modules is now most"
    configuration=/etc/initramfs-tools
  elif command -v dracut >/dev/null; then
    put /etc/dracut.conf.d/99-imprint.conf 0644 'hostonly="no"
' 'hostonly is now no'
    configuration=/etc/dracut.conf.d
  else
    skipped 'no program makes an initramfs here'
    return 0
  fi
  for kernel in /boot/vmlinuz-*; do
    [ ! -f "$kernel" ] || renew_initramfs "$(basename "$kernel" | sed 's/^vmlinuz-//')"
  done
}

# Takes minutes on an emulated machine, so only where the present one is older than the configuration.
renew_initramfs() {
  image=/boot/initrd.img-$1
  [ ! -s "$image" ] || [ -n "$(find $configuration -type f -newer "$image" -print -quit)" ] || return 0
  if command -v update-initramfs >/dev/null; then
    update-initramfs -c -k "$1" >&2 </dev/null
  else
    dracut --force "$image" "$1" >&2 </dev/null
  fi && changed "initramfs of $1 made anew" || fail "could not make the initramfs of $1"
}
`,
};
