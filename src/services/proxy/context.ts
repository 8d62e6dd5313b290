/** What the proxies of a node and their keeper share. Their modules close over it. */
import type { NameTerm, Pid } from '../../../runtime/index.ts'
import type { OverlayRouter } from '../router/index.ts'

export type ProxyContext = { readonly overlayRouter: OverlayRouter }

/** The service a proxy stands for: a name on one node, and the process that has it. */
export type Service = {
  readonly name: NameTerm
  /** The name as a key. */
  readonly text: string
  readonly node: string
  readonly pid: Pid
}
