import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'
import * as z from 'zod'
import type { Stand } from './stand.ts'

/** A call of StorPool's as it was sent. */
const Call = z.object({
  method: z.enum(['GET', 'POST']),
  call: z.string(),
  path: z.string(),
  body: z.unknown().optional(),
  status: z.int(),
})
export type Call = z.infer<typeof Call>

const Listed = z.object({ data: z.array(z.object({ name: z.string(), globalId: z.string() })) })

/** What was asked while something ran. */
export interface Asked {
  /** Of StorPool. */
  readonly calls: readonly Call[]
  /** Of the table and the queue: how many requests. */
  readonly aws: number
  /** Of the agent on the host: how many. */
  readonly agent: number
}

const requestStarts = 'http.client.request.start'
const Started = z.object({ request: z.instanceof(ClientRequest) })

/** Names of all objects on the cluster, by global id. */
const namesOn = async ({ endpoint: { host, port, token } }: Stand): Promise<Map<string, string>> => {
  const lists = await Promise.all(
    ['VolumesList', 'SnapshotsList'].map(async (list) => {
      const response = await fetch(`http://${host}:${port}/ctrl/1.0/MultiCluster/${list}`, {
        headers: { Authorization: `Storpool v1:${token}` },
      })
      return Listed.parse(await response.json()).data
    }),
  )
  return new Map(lists.flat().map(({ name, globalId }) => [globalId, name]))
}

/**
 * Run something and note what it asks for. Global ids in its calls become the names their objects had before: so the
 * calls can be sent again in another life.
 */
export const noting = async (stand: Stand, run: () => Promise<unknown>): Promise<Asked> => {
  const names = await namesOn(stand)
  const hosts: string[] = []
  const note = (message: unknown) => {
    hosts.push(String(Started.parse(message).request.getHeader('host')))
  }
  await stand.control('POST reset', {})
  subscribe(requestStarts, note)
  try {
    await run()
  } finally {
    unsubscribe(requestStarts, note)
  }
  const sent = JSON.stringify(await stand.control('GET log'))
  const calls = z
    .array(Call)
    .parse(JSON.parse(sent.replaceAll(/~([a-z0-9.]+)/g, (id, globalId) => names.get(globalId) ?? id)))
  const aws = hosts.filter((host) => stand.aws.includes(host)).length
  return { calls, aws, agent: hosts.length - aws - calls.length }
}
