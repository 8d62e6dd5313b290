/**
 * What this node says of itself to the cluster. It belongs to the node, not to the process that
 * tells the others, which finds it here when it is started again.
 */
import { BadArgument } from '../../runtime/index.ts'
import { checkDescription, type Metadata } from '../membership/verdict/index.ts'

export type Description = {
  /** Of the node's software; at most 64 characters. Default empty. */
  readonly version?: string
  /** Texts by name, 32 at most and 1,024 characters in all. Default none. */
  readonly metadata?: Metadata
}

export class Own {
  version: string
  metadata: Metadata
  /** It has left the cluster, and not come back. */
  left = false

  /** Throws `BadArgument` naming the field and the value. */
  constructor(description: Description) {
    const { version = '', metadata = {} } = description
    check(version, metadata)
    this.version = version
    this.metadata = { ...metadata }
  }

  /** Throws as the constructor, and then changes nothing. */
  describe({ version = this.version, metadata = this.metadata }: Description): void {
    check(version, metadata)
    this.version = version
    this.metadata = { ...metadata }
  }
}

function check(version: string, metadata: Metadata): void {
  try {
    checkDescription(version, metadata)
  } catch (error) {
    throw new BadArgument(error instanceof Error ? error.message : String(error))
  }
}
