/**
 * What the cases of the carrier conformance suite stand on: the setup a carrier's tests provide,
 * and a pair of open endpoints with everything on them witnessed.
 */
import type { Platform } from '../../runtime/platform/platform.ts'
import type { Address, Carrier, Endpoint, TlsMaterial } from '../carrier/carrier.ts'
import { ConnectionWitness, Court } from './carrier-witness.ts'

export type CarrierSetup = {
  readonly platform: Platform
  /** Two different certificates, for the two ends. */
  readonly tls: readonly [TlsMaterial, TlsMaterial]
  /** A carrier at an address of its own, able to reach those of other calls. */
  carrier(options: { readonly streamsMax?: number }): Carrier
  /** The second end is in another thread: what the two do in one turn is not at once. */
  readonly apart?: boolean
  /** An address at which nobody is. */
  readonly nobody: Address
  /** Lets time pass until `condition` holds. Throws, naming `what`, if it does not in due time. */
  until(what: string, condition: () => boolean): Promise<void>
}

export type CarrierCase = {
  readonly name: string
  run(setup: CarrierSetup): Promise<void>
}

/** Two open endpoints; everything both accepted is witnessed. */
export type Pair = {
  readonly setup: CarrierSetup
  readonly court: Court
  readonly left: Endpoint
  readonly right: Endpoint
  readonly acceptedLeft: ConnectionWitness[]
  readonly acceptedRight: ConnectionWitness[]
  /** Dials from left to right: the dialer's end and the acceptor's. */
  connect(): Promise<{ readonly near: ConnectionWitness; readonly far: ConnectionWitness }>
}

export const dialTimeoutMs = 5000

/** Runs `body` with a pair, closes both ends, and throws what the witnesses objected to. */
export async function withPair(
  setup: CarrierSetup,
  body: (pair: Pair) => Promise<void>,
  options: { readonly streamsMax?: number } = {},
): Promise<void> {
  const court = new Court()
  const acceptedLeft: ConnectionWitness[] = []
  const acceptedRight: ConnectionWitness[] = []
  const open = async (side: 0 | 1, accepted: ConnectionWitness[]): Promise<Endpoint> => {
    const opened = await setup.carrier(options).open({
      platform: setup.platform,
      tls: setup.tls[side],
      onConnection(connection) {
        court.callback('onConnection')
        accepted.push(new ConnectionWitness(connection, court))
      },
    })
    if (opened.tag === 'error') throw new Error(opened.message)
    return opened.endpoint
  }
  const left = await open(0, acceptedLeft)
  const right = await open(1, acceptedRight)
  const connect: Pair['connect'] = async () => {
    const before = acceptedRight.length
    const near = await dialled(setup, court, left, right.address)
    await setup.until('the acceptor sees the connection', () => acceptedRight.length > before)
    return { near, far: acceptedRight[before]! }
  }
  try {
    await body({ setup, court, left, right, acceptedLeft, acceptedRight, connect })
  } finally {
    await settled(setup, 'both endpoints close', Promise.all([left.close(0), right.close(0)]))
  }
  court.check()
}

/** Dials and witnesses the connection. Throws the failure's message. */
export async function dialled(
  setup: CarrierSetup,
  court: Court,
  endpoint: Endpoint,
  address: Address,
): Promise<ConnectionWitness> {
  const dialling = court.call(() => endpoint.dial(address, dialTimeoutMs))
  let witness: ConnectionWitness | undefined
  let failed: string | undefined
  dialling.then((result) => {
    // In the turn of the result, as the port asks.
    if (result.tag === 'ok') witness = new ConnectionWitness(result.connection, court)
    else failed = result.message
  })
  await setup.until('the dial is answered', () => witness !== undefined || failed !== undefined)
  if (witness === undefined) throw new Error(`the dial failed: ${failed}`)
  return witness
}

/** Lets time pass until `promise` is settled; its value, or throws its error. */
export async function settled<T>(
  setup: CarrierSetup,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  let done = false
  const finish = (): void => {
    done = true
  }
  promise.then(finish, finish)
  await setup.until(what, () => done)
  return promise
}

/** Throws unless both are the same by `Object.is`. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) return
  throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`)
}
