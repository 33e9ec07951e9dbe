import type { IncomingMessage } from 'node:http'
import { answerOf, Dropped, type Way } from './answer.ts'
import { isPassing } from './get.ts'
import type { Origin } from './origin.ts'
import { Refusal } from './refusal.ts'
import type { GlanceStore } from './stores.ts'

/**
 * The data of an image, from Glance. An image never gets other data, so any part of it belongs to what is there: Glance
 * knows no tags, and its MD5 stands in for one.
 */
export const glanceOrigin = (store: GlanceStore, imageId: string, token: string, way: Way): Origin => {
  let wasTaken = false

  const meaningOf = (status: number): Error => {
    const said = `The image ${imageId}: Glance answered ${status}`
    if (isPassing(status)) return new Dropped(said)
    if (status === 401 && wasTaken) {
      return new Refusal(
        'interrupted',
        `${said}: the token is no longer good. Ask again with a new one to go on`,
      )
    }
    const why = status === 204 ? ': it has no data yet' : ''
    return new Refusal(status === 404 ? 'source_not_found' : 'source_refused', `${said}${why}`, { status })
  }

  return {
    ask: async (rest): Promise<IncomingMessage> => {
      const url = new URL(`${store.endpoint.replace(/\/+$/, '')}/v2/images/${imageId}/file`)
      const range = rest === undefined ? {} : { range: `bytes=${rest.at}-` }
      const response = await answerOf(url, { 'x-auth-token': token, ...range }, way)
      const { statusCode: status = 0 } = response
      if (status !== 200 && status !== 206 && status !== 416) {
        response.destroy()
        throw meaningOf(status)
      }
      wasTaken = true
      return response
    },
    tagOf: (headers) => headers['content-md5']?.toString(),
  }
}
