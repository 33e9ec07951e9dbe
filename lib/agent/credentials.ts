import * as z from 'zod'
import { jsonIn } from '../json.ts'

/**
 * What a function shows to agents, and whom it believes: `ca`, `cert` and `key` for `https:` (the JSON that
 * `npm run agent -- certs` writes), `sshKey` for `ssh:`. All PEM, or OpenSSH's own form for the last.
 */
export const AgentCredentials = z
  .strictObject({
    ca: z.string().optional(),
    cert: z.string().optional(),
    key: z.string().optional(),
    sshKey: z.string().optional(),
  })
  .refine(
    ({ ca, cert, key }) =>
      (ca === undefined) === (cert === undefined) && (cert === undefined) === (key === undefined),
    {
      message: 'ca, cert and key belong together',
    },
  )
export type AgentCredentials = z.infer<typeof AgentCredentials>

/** Where credentials come from; asked once and again when they are refused: they may have been renewed meanwhile. */
export type ReadCredentials = () => Promise<AgentCredentials>

/** @throws Error the text is no such document; nothing of it is repeated */
export const parseCredentials = (text: string): AgentCredentials => {
  const parsed = AgentCredentials.safeParse(jsonIn(text))
  if (parsed.success) return parsed.data
  throw new Error("the agent's credentials are not the JSON that npm run agent -- certs writes")
}
