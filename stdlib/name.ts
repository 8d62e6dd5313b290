/** Names of servers, as data that remembers the server's protocol for the compiler. */
import type { LocalName, Module, RemoteName } from '../runtime/index.ts'

/** A server registered as `name` on the caller's own node. */
export function local<P>(_behaviour: Module<P, never>, name: string): LocalName<P> {
  return { tag: 'local', name }
}

/** A server registered as `name` on node `node`; resolved there, each time. */
export function at<P>(node: string, _behaviour: Module<P, never>, name: string): RemoteName<P> {
  return { tag: 'at', node, name }
}
