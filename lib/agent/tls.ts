import { Agent } from 'node:https'
import type { AgentCredentials, ReadCredentials } from './credentials.ts'

/**
 * Connections to one agent over mutual TLS 1.3, made with the credentials of the moment. No session is kept: the
 * agent looks at the certificate every time.
 *
 * @param host the name that must be in the agent's certificate; the one in its address without it
 */
export const secureConnections = (read: ReadCredentials, host: string | undefined) => {
  let current: { readonly agent: Agent; readonly of: AgentCredentials } | undefined

  const made = (of: AgentCredentials) => {
    const { ca, cert, key } = of
    if (ca === undefined || cert === undefined || key === undefined) {
      throw new Error('the credentials for agents have no ca, cert and key, which https needs')
    }
    const name = host === undefined ? {} : { servername: host }
    const agent = new Agent({
      keepAlive: true,
      maxCachedSessions: 0,
      minVersion: 'TLSv1.3',
      ca,
      cert,
      key,
      ...name,
    })
    current = { agent, of }
    return agent
  }

  return {
    agent: async (): Promise<Agent> => current?.agent ?? made(await read()),
    /** Read the credentials again. @returns whether they are others now: then it is worth another try. */
    renew: async (): Promise<boolean> => {
      const fresh = await read()
      const before = current?.of
      if (before?.cert === fresh.cert && before?.key === fresh.key && before?.ca === fresh.ca) return false
      current?.agent.destroy()
      made(fresh)
      return true
    },
    close: () => current?.agent.destroy(),
  }
}

/** Errors of a handshake in which one side did not believe the other. */
export const isDistrust = (code: string | undefined): boolean =>
  code !== undefined && (/^ERR_(?:SSL|TLS|OSSL)_/.test(code) || distrust.has(code))

const distrust: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
