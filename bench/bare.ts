import http from 'node:http'
import axios from 'axios'
import type { StorPoolOptions } from '../lib/storpool/client.ts'
import { type Timing, timed, timing } from './statistics.ts'

type Send = (method: 'GET' | 'POST', path: string, body?: object) => Promise<unknown>
type Endpoint = Pick<StorPoolOptions, 'host' | 'port' | 'token'>

const api = '/ctrl/1.0/MultiCluster/'

/** Node's own client with a connection that is kept, and nothing around it. */
const withHttp = ({ host, port, token }: Endpoint): Send => {
  const agent = new http.Agent({ keepAlive: true })
  const headers = { Authorization: `Storpool v1:${token}`, 'Content-Type': 'application/json' }
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const request = http.request({ agent, host, port, method, path: api + path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8'))))
      })
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
}

/** axios as its manual says, with a connection that is kept. */
const withAxios = ({ host, port, token }: Endpoint): Send => {
  const client = axios.create({
    baseURL: `http://${host}:${port}${api}`,
    headers: { Authorization: `Storpool v1:${token}` },
    httpAgent: new http.Agent({ keepAlive: true }),
    proxy: false,
  })
  return async (method, path, data) => (await client.request<unknown>({ method, url: path, data })).data
}

/** What one read and one write of a volume take. */
export interface Bare {
  readonly read: Timing
  readonly write: Timing
}

/** Calls that nobody wrapped, on one volume, to be measured between the operations. */
export const bareCalls = async (endpoint: Endpoint) => {
  const name = 'bench--bare'
  const ways = { http: withHttp(endpoint), axios: withAxios(endpoint) }
  const taken: Record<'http' | 'axios', Record<'read' | 'write', number[]>> = {
    http: { read: [], write: [] },
    axios: { read: [], write: [] },
  }
  await ways.http('POST', 'VolumeCreate', { name, size: 1024 ** 3, replication: 3 })
  let round = 0

  return {
    /** One read and one write each way. */
    measure: async () => {
      round += 1
      for (const way of ['http', 'axios'] as const) {
        await timed(taken[way].read, () => ways[way]('GET', `Volume/${name}`))
        const tags = { bench: `${way}-${round}` }
        await timed(taken[way].write, () => ways[way]('POST', `VolumeUpdate/${name}`, { tags }))
      }
    },
    forget: () => {
      for (const { read, write } of Object.values(taken)) {
        read.length = 0
        write.length = 0
      }
    },
    result: (): Record<'http' | 'axios', Bare> => ({
      http: { read: timing(taken.http.read), write: timing(taken.http.write) },
      axios: { read: timing(taken.axios.read), write: timing(taken.axios.write) },
    }),
  }
}
