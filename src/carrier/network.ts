/**
 * What counts as one address when something is rationed by address: IPv4 whole, IPv6 by its first
 * 64 bits, since whoever has one address of such a network has them all (RFC 7707, 2.1).
 */
const groupsOfNetwork = 4
const groupsOfAddress = 8

/** The network of an IP literal. An IPv4 address and its mapped IPv6 form have the same. */
export function networkOf(host: string): string {
  if (!host.includes(':')) return host
  const mapped = /:((?:\d+\.){3}\d+)$/.exec(host)?.[1]
  if (mapped !== undefined) return mapped
  const [address = ''] = host.toLowerCase().split('%')
  const [head = '', tail] = address.split('::')
  const left = groupsOf(head)
  const right = groupsOf(tail ?? '')
  const zeros = Array<string>(Math.max(0, groupsOfAddress - left.length - right.length)).fill('0')
  return [...left, ...zeros, ...right]
    .slice(0, groupsOfNetwork)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
