/** Where sshd is told from which addresses it accepts anybody; read before the files that an image brings. */
const SOURCES = '/etc/ssh/sshd_config.d/00-imprint-sources.conf';

/** Shell functions that make a system answer, once it is loaded, whoever loads it and whatever address it gets. */
export const openAccessTasks = String.raw`
# Two SSH servers, one for each network, are how Apache VCL runs a reservation.
default_sshd() {
  delete 'limits of where SSH may come from' ${SOURCES}
  delete "files of VCL's second SSH server" /etc/ssh/ext*ssh* /etc/init.d/ext_sshd /etc/rc[0-6S].d/[SK][0-9][0-9]ext_sshd \
    /etc/systemd/system/ext_sshd.service /etc/systemd/system/*.wants/ext_sshd.service /lib/systemd/system/ext_sshd.service
  for file in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; do
    is_excluded "$file" || sshd_for_any_address "$file"
  done
}

# sshd does not start for an address that the machine does not have. Addresses that every machine has stay.
sshd_for_any_address() {
  [ -f "$1" ] || return 0
  mark=no
  ! grep -q 'VCL Settings' "$1" || mark=yes
  edit_file "$1" "$1 named an address, or let in root alone" "
    tolower(\$1) == \"listenaddress\" && \$2 !~ /^(0\\.0\\.0\\.0|127\\.|::1?\$|\\[::1?\\]|\\*|localhost)/ && \$2 !~ /(\\.[0-9]+|\\]):[0-9]+\$/ { next }
    \"$mark\" == \"yes\" && tolower(\$1) == \"allowusers\" && NF == 2 && \$2 == \"root\" { next }
    { print }"
}

# VCL lets in the management node that loaded the image; another one may load it next time. All other rules are the author's.
firewall() {
  for file in /etc/iptables/rules.v4 /etc/iptables/rules.v6 /etc/sysconfig/iptables /etc/sysconfig/ip6tables; do
    is_excluded "$file" || edit_file "$file" "VCL's rules in $file removed" '/(^:|-[AINj] |--jump )vcl-/ { next } { print }'
  done
  delete 'rules of a reservation' /etc/imprint/ssh-access.nft /etc/systemd/system/imprint-ssh-access.service \
    /etc/systemd/system/sysinit.target.wants/imprint-ssh-access.service
  clean 'old copies of rules' /etc/sysconfig/iptables*old* /etc/sysconfig/iptables_pre*
}
`;

/** Shell functions for what runs at every start, and for the keys with which root could go elsewhere. Also of images made elsewhere. */
export const inheritedTasks = String.raw`
private_keys() { clean 'private keys of root' /root/.ssh/id_*; }

rc_local() {
  for file in /etc/rc.d/rc.local /etc/rc.local; do
    [ -f "$file" ] && [ ! -L "$file" ] && ! is_excluded "$file" || continue
    edit_file "$file" "temporary lines of $file removed" "/$temporary_mark/ { next } { print }"
    # An early VCL replaced the whole file with its own.
    ! grep -q 'ListenAddress .*IP0' "$file" || put "$file" 0755 '#!/bin/sh
exit 0
' "$file of VCL emptied"
  done
}

# What asks questions on the console, while nobody sits there.
setup_wizards() {
  for wizard in firstboot firstboot-graphical firstboot-text initial-setup initial-setup-graphical initial-setup-text; do
    delete "start of $wizard" "/etc/systemd/system/"*".wants/$wizard.service" /etc/rc[0-6S].d/S[0-9][0-9]"$wizard"
  done
}
`;

/** Shell functions that admit SSH from `$ssh_from` alone (addresses and networks with commas between), or from everywhere when it is empty. */
export const limitAccessTasks = String.raw`
ssh_sources() {
  if [ -z "$ssh_from" ]; then
    delete 'limit of where SSH may come from' ${SOURCES}
    [ "$outcome" = unchanged ] || reload_sshd
    return 0
  fi
  grep -qiE '^[[:space:]]*Include[[:space:]]+/etc/ssh/sshd_config\.d/\*\.conf' /etc/ssh/sshd_config ||
    { fail '/etc/ssh/sshd_config does not include the files of sshd_config.d'; return 0; }
  limit="Match Address *,!127.0.0.1,!::1,!$(printf %s "$ssh_from" | sed 's/,/,!/g')
DenyUsers *
"
  lets_in_this_one || return 0
  put ${SOURCES} 0644 "$limit" "SSH is accepted from $ssh_from alone"
  # Also where nothing was changed: an earlier run may have been cut in between.
  reload_sshd
}

# Refuses what would shut out the management node that asks for it.
lets_in_this_one() {
  peer=${'$'}{SSH_CONNECTION%% *}
  [ -n "$peer" ] || return 0
  printf '%s' "$limit" >/run/imprint/sshd-sources
  printf 'Include /run/imprint/sshd-sources\nInclude /etc/ssh/sshd_config\n' >/run/imprint/sshd-config
  effective=$(sshd -T -f /run/imprint/sshd-config -C "user=root,host=$peer,addr=$peer" 2>&1) || { fail "sshd says: $effective"; return 1; }
  ! printf '%s\n' "$effective" | grep -qix 'denyusers \*' || { fail "it would shut out $peer, from where this is done"; return 1; }
}

reload_sshd() {
  for unit in ssh sshd; do
    systemctl is-active --quiet "$unit.service" 2>/dev/null || continue
    systemctl reload "$unit.service" || fail "could not reload $unit"
    return 0
  done
}
`;
