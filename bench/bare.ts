import http from 'node:http'
import axios from 'axios'
import type { Endpoint } from './stand.ts'

/** @returns the status, when the answer has been read and parsed */
export type Send = (method: 'GET' | 'POST', path: string, body: unknown) => Promise<number | undefined>

/** Node's own client with connections that are kept, and nothing around it. */
export const withHttp = ({ host, port, token }: Endpoint): Send => {
  const agent = new http.Agent({ keepAlive: true })
  const headers = { Authorization: `Storpool v1:${token}`, 'Content-Type': 'application/json' }
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const request = http.request({ agent, host, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          JSON.parse(Buffer.concat(chunks).toString('utf8'))
          resolve(response.statusCode)
        })
      })
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
}

/** axios as its manual says, with connections that are kept. */
export const withAxios = ({ host, port, token }: Endpoint): Send => {
  const client = axios.create({
    baseURL: `http://${host}:${port}`,
    headers: { Authorization: `Storpool v1:${token}` },
    httpAgent: new http.Agent({ keepAlive: true }),
    proxy: false,
    validateStatus: null,
  })
  return async (method, path, data) => (await client.request<unknown>({ method, url: path, data })).status
}
