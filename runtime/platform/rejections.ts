/**
 * Promise rejections nobody handled, asked of every node of the OS process before the host treats
 * them in its own way: a failed call that nobody awaits ends its calling process, not the program.
 */

type Claim = (reason: unknown) => boolean

/** The one listener of all nodes of the OS process carries their claims, also across copies. */
const claims = Symbol.for('skein.rejectionClaims')

function claimsOf(listener: object): Set<Claim> | undefined {
  return (listener as { [claims]?: Set<Claim> })[claims]
}

/**
 * A listener's presence turns off Node's default, which is to raise the rejection as an uncaught
 * exception. Ours asks every node, and raises it when none claims it and no listener of the host
 * is there to see it.
 */
export function onUnhandledRejection(claim: Claim): () => void {
  const known = process.listeners('unhandledRejection').find((other) => claimsOf(other))
  const listener = known ?? listenForRejections()
  const shared = claimsOf(listener)
  shared?.add(claim)
  return () => {
    shared?.delete(claim)
    if (shared?.size === 0) process.off('unhandledRejection', listener)
  }
}

function listenForRejections(): (reason: unknown) => void {
  const all = new Set<Claim>()
  const listener = (reason: unknown): void => {
    if ([...all].some((claim) => claim(reason))) return
    if (process.listenerCount('unhandledRejection') === 1) throw reason
  }
  Object.defineProperty(listener, claims, { value: all })
  process.on('unhandledRejection', listener)
  return listener
}
