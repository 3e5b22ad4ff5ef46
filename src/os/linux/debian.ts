import type { Distribution } from './distribution.ts';
import { initramfsStamp } from './initramfs-stamp.ts';

/**
 * Debian and Ubuntu. Configuration of ifupdown, systemd-networkd and netplan that names one card is set aside for DHCP on any card. Without
 * systemd-resolved the name servers stay those of /etc/resolv.conf.
 */
export const debian: Distribution = {
  name: 'Debian and Ubuntu',
  id: 'debian',
  functions: String.raw`
package_cache() {
  clean 'files of the package cache' /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/* /var/cache/apt/*.bin
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

naming_networkd_files() {
  grep -lsE '^(MACAddress|PermanentMACAddress|Path)=|^Name=[^*?!]*$' /etc/systemd/network/*.network
}

ifupdown_names_a_card() {
  cat /etc/network/interfaces /etc/network/interfaces.d/* 2>/dev/null |
    awk '$1 == "iface" && $2 != "lo" && $2 !~ /[*\/]/ { found = 1 } END { exit !found }'
}

# All files there are read, whatever their names. The main one goes last, and never quite: then a cut is found again.
ifupdown_files() {
  for file in /etc/network/interfaces.d/*; do [ ! -f "$file" ] || set_aside "$file" /etc/network; done
  cp -p /etc/network/interfaces /etc/network/interfaces.before-imprint
  put /etc/network/interfaces 0644 'auto lo
iface lo inet loopback
' 'only the loopback is left to ifupdown; before it was /etc/network/interfaces.before-imprint'
}

# A definition without match is for the card of that name; one with a MAC address for that card.
naming_netplan_files() {
  for file in /etc/netplan/*.yaml; do
    [ -f "$file" ] && grep -q '^[[:space:]]*ethernets:' "$file" || continue
    ! grep -q 'macaddress:' "$file" && grep -q 'match:' "$file" && continue
    printf '%s\n' "$file"
  done
}

netplan_files() {
  naming=$(naming_netplan_files)
  [ -n "$naming" ] || return 0
  put /etc/netplan/99-imprint.yaml 0600 'network:
  version: 2
  renderer: networkd
  ethernets:
    any:
      match: {name: "e*"}
      dhcp4: true
      dhcp-identifier: mac
' 'DHCP on any Ethernet card, by netplan'
  for file in $naming; do set_aside "$file"; done
}

# NetworkManager connects any card for which it has no profile.
networkmanager_files() {
  for file in /etc/NetworkManager/system-connections/*; do
    [ -f "$file" ] && grep -qE '^type=(802-3-)?ethernet' "$file" && grep -qE '^(interface-name|mac-address)=' "$file" || continue
    sed -i -E '/^(interface-name|mac-address)=/d' "$file" && changed "$file is now for any card"
  done
}

# As Apache VCL does, cards get DHCP: an address of the machine that was captured would be in use twice.
# What takes the place of a file comes before that file goes: a cut in between leaves a system that finds its network.
network() {
  networkd=$(naming_networkd_files)
  ifupdown=
  ! ifupdown_names_a_card || ifupdown=yes
  [ -z "$networkd$ifupdown" ] || dhcp_for_any_card
  for file in $networkd; do set_aside "$file"; done
  [ -z "$ifupdown" ] || ifupdown_files
  netplan_files
  networkmanager_files
}

# Which modules the initramfs gets; the last assignment counts.
configured_modules() {
  cat /etc/initramfs-tools/initramfs.conf /etc/initramfs-tools/conf.d/* 2>/dev/null | sed -n 's/^[ \t]*MODULES=//p' | tail -n 1
}

# A list that the site no longer has must go out of the initramfs, too.
site_modules() {
  if [ -n "$2" ]; then put "$1" "$3" "$2" 'modules of the site'
  elif [ -e "$1" ]; then
    mkdir -p -m 0700 /var/lib/imprint && : >${initramfsStamp} && delete 'list of modules of the site' "$1"
  fi
}

# A module that no kernel has would be left out without a word.
check_modules() {
  for module in $1; do
    found=
    for kernel in /boot/vmlinuz-*; do
      ! modinfo -k "$(basename "$kernel" | sed 's/^vmlinuz-//')" "$module" >/dev/null 2>&1 || found=yes
    done
    [ -n "$found" ] || fail "no kernel has the module $module"
  done
}

# initramfs MODULES: those that the site wants in it, with a space between.
initramfs() {
  check_modules "$1"
  [ "$outcome" != failed ] || return 0
  wanted=
  if command -v update-initramfs >/dev/null; then
    modules=$(configured_modules)
    [ "$modules" = most ] || put /etc/initramfs-tools/conf.d/zz-imprint 0644 'MODULES=most
' "MODULES=$modules is now most"
    [ -z "$1" ] || wanted="#!/bin/sh
[ \"\$1\" != prereqs ] || exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules $1
"
    site_modules /etc/initramfs-tools/hooks/imprint-site "$wanted" 0755
    configuration=/etc/initramfs-tools
  elif command -v dracut >/dev/null; then
    put /etc/dracut.conf.d/99-imprint.conf 0644 'hostonly="no"
' 'hostonly is now no'
    [ -z "$1" ] || wanted="add_drivers+=\" $1 \"
"
    site_modules /etc/dracut.conf.d/98-imprint-site.conf "$wanted" 0644
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
  [ ! -s "$image" ] || [ -n "$(find $configuration ${initramfsStamp} -type f -newer "$image" -print -quit 2>/dev/null)" ] || return 0
  if command -v update-initramfs >/dev/null; then
    update-initramfs -c -k "$1" >&2 </dev/null
  else
    dracut --force "$image" "$1" >&2 </dev/null
  fi && changed "initramfs of $1 made anew" || fail "could not make the initramfs of $1"
}
`,
};
