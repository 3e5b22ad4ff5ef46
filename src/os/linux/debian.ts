import type { Distribution } from './distribution.ts';

/**
 * Debian and Ubuntu. Cards may be named by ifupdown, systemd-networkd or netplan; a file of ours takes the cards that none of them names, so
 * that a configuration made by an administrator keeps its effect on the machine for which it was made. NetworkManager connects any card by itself.
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

named_cards() {
  cat /etc/network/interfaces /etc/network/interfaces.d/* 2>/dev/null |
    awk '$1 == "iface" && $2 != "lo" && $2 !~ /[*\/]/ { print $2 }'
  awk -F= '/^\[/ { match_section = ($0 == "[Match]") }
    match_section && $1 == "Name" && $2 !~ /[*?!]/ { print $2 }' /etc/systemd/network/*.network 2>/dev/null
  awk '/^[ \t]*ethernets:/ { inside = 1; depth = match($0, /[^ \t]/); next }
    inside && match($0, /[^ \t]/) && RSTART <= depth { inside = 0 }
    inside && card == 0 && match($0, /[^ \t]/) { card = RSTART }
    inside && RSTART == card && /:[ \t]*$/ { sub(/:.*/, ""); gsub(/[ \t"]/, ""); print }' /etc/netplan/*.yaml 2>/dev/null
}

takes_any_card() {
  for file in /etc/systemd/network/*.network; do
    [ -f "$file" ] || continue
    awk -F= '/^\[/ { match_section = ($0 == "[Match]") }
      match_section && ($1 == "MACAddress" || $1 == "PermanentMACAddress" || $1 == "Path") { bound = 1 }
      match_section && $1 == "Name" && $2 ~ /[*]/ { open = 1 }
      match_section && $1 == "Type" && $2 ~ /ether/ { open = 1 }
      /^DHCP=(yes|ipv4|true|both|v4)/ { dhcp = 1 }
      END { exit !(open && dhcp && !bound) }' "$file" && return 0
  done
  return 1
}

network() {
  if is_enabled NetworkManager.service; then skipped 'NetworkManager connects any card'; return 0; fi
  if is_enabled systemd-networkd.service && takes_any_card; then note 'DHCP on any Ethernet card already'; return 0; fi
  named=$(named_cards | sort -u | tr '\n' ' ')
  exception=
  [ -z "$named" ] || exception="Name=!$named
"
  file=/etc/systemd/network/99-imprint-any-ethernet.network
  put "$file" 0644 "[Match]
Type=ether
Kind=!*
$exception
[Network]
DHCP=yes

[DHCPv4]
ClientIdentifier=mac
" "DHCP on any Ethernet card but those configured by name: $named"
  is_enabled systemd-networkd.service && return 0
  if systemctl enable systemd-networkd.service 2>/dev/null; then changed 'systemd-networkd enabled'; else fail 'could not enable systemd-networkd'; fi
}

# Which modules the initramfs gets; the last assignment counts.
configured_modules() {
  cat /etc/initramfs-tools/initramfs.conf /etc/initramfs-tools/conf.d/* 2>/dev/null | sed -n 's/^[ \t]*MODULES=//p' | tail -n 1
}

initramfs() {
  [ -d /etc/initramfs-tools ] || { skipped 'no initramfs-tools'; return 0; }
  modules=$(configured_modules)
  if [ "$modules" != most ]; then
    put /etc/initramfs-tools/conf.d/zz-imprint 0644 'MODULES=most
' "MODULES=$modules is now most"
  fi
  stale=
  for kernel in /boot/vmlinuz-*; do
    [ -f "$kernel" ] || continue
    version=$(basename "$kernel" | sed 's/^vmlinuz-//')
    [ -s "/boot/initrd.img-$version" ] &&
      [ -z "$(find /etc/initramfs-tools -type f -newer "/boot/initrd.img-$version" -print -quit)" ] || stale="$stale $version"
  done
  for version in $stale; do
    if update-initramfs -c -k "$version" >&2 </dev/null; then
      changed "initramfs of $version made anew"
    else
      fail "could not make the initramfs of $version"
    fi
  done
}
`,
};
