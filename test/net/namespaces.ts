/**
 * Two network namespaces joined by a veth pair: two machines and the cable between them, in which
 * links can fail without touching the network of this machine. Needs root and iproute2.
 *
 * Namespaces are named after this process, so that runs side by side do not meet; `remove` takes
 * everything away, whatever state it is in.
 */
import { execFileSync } from 'node:child_process'

export type Side = 'a' | 'b'
export const sides = ['a', 'b'] as const

/** Why namespaces cannot be made here; undefined when they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' })
  } catch {
    return 'needs `ip` of iproute2'
  }
  const probe = `skein-probe-${process.pid}`
  try {
    execFileSync('ip', ['netns', 'add', probe], { stdio: 'ignore' })
    execFileSync('ip', ['netns', 'del', probe], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'network namespaces are not allowed here'
  }
}

const addresses = { a: '10.77.1.1', b: '10.77.1.2' } as const
/** Nobody's: what is sent to it arrives at the other end of the cable and is dropped there. */
const nobodysMac = '02:00:00:00:99:99'

export class TwoMachines {
  readonly #names: Readonly<Record<Side, string>>
  readonly #devices: Readonly<Record<Side, string>>

  constructor() {
    const { pid } = process
    this.#names = { a: `skein-${pid}-a`, b: `skein-${pid}-b` }
    this.#devices = { a: `sk${pid}a`, b: `sk${pid}b` }
    this.remove()
    try {
      for (const side of sides) ip('netns', 'add', this.#names[side])
      const [a, b] = [this.#devices.a, this.#devices.b]
      ip('link', 'add', a, 'type', 'veth', 'peer', 'name', b)
      for (const side of sides) this.#plugIn(side)
    } catch (error) {
      this.remove()
      throw error
    }
  }

  address(side: Side): string {
    return addresses[side]
  }

  /** What runs a program on that machine: to be put before its command. */
  prefix(side: Side): readonly string[] {
    return ['ip', 'netns', 'exec', this.#names[side]]
  }

  /** Pulls the cable out at `side`, or puts it back. The other side sees its carrier go. */
  link(side: Side, state: 'up' | 'down'): void {
    this.#inside(side, 'link', 'set', this.#devices[side], state)
  }

  /**
   * Lets nothing that `from` sends arrive, while what comes the other way still does: its packets
   * go to a hardware address that nobody has.
   */
  cutFrom(from: Side): void {
    const [device, other] = [this.#devices[from], addresses[otherOf(from)]]
    this.#inside(from, 'neigh', 'replace', other, 'lladdr', nobodysMac, 'dev', device)
  }

  mendFrom(from: Side): void {
    this.#inside(from, 'neigh', 'del', addresses[otherOf(from)], 'dev', this.#devices[from])
  }

  /** Frames larger than this are dropped where they arrive at `side`; it sends none itself. */
  mtu(side: Side, bytes: number): void {
    this.#inside(side, 'link', 'set', this.#devices[side], 'mtu', String(bytes))
  }

  /** Removes both namespaces and all in them. Never throws. */
  remove(): void {
    for (const side of sides) {
      quietly('netns', 'del', this.#names[side])
      quietly('link', 'del', this.#devices[side])
    }
  }

  #plugIn(side: Side): void {
    const [name, device] = [this.#names[side], this.#devices[side]]
    ip('link', 'set', device, 'netns', name)
    this.#inside(side, 'addr', 'add', `${addresses[side]}/24`, 'dev', device)
    this.#inside(side, 'link', 'set', device, 'up')
    this.#inside(side, 'link', 'set', 'lo', 'up')
  }

  #inside(side: Side, ...command: string[]): void {
    ip('-n', this.#names[side], ...command)
  }
}

export function otherOf(side: Side): Side {
  return side === 'a' ? 'b' : 'a'
}

function ip(...command: string[]): void {
  execFileSync('ip', command, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function quietly(...command: string[]): void {
  try {
    execFileSync('ip', command, { stdio: 'ignore' })
  } catch {
    // It was not there.
  }
}
