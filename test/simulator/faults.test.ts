import { Agent, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { create, exchange, get, must, post, sim, start } from './support.ts'

describe('a fault', () => {
  test('that is transient says so, as often as asked, and nothing is done', async () => {
    await using cluster = await start()
    cluster.fault({ match: 'VolumeCreate', times: 2, kind: 'transient' })
    const body = { name: 'a', size: 512 }

    expect(await post(cluster, 'VolumeCreate', body)).toMatchObject({
      status: 500,
      error: { transient: true },
    })
    expect((await get(cluster, 'VolumesList')).status).toBe(200)
    expect(await post(cluster, 'VolumeCreate', body)).toMatchObject({ error: { transient: true } })
    expect(await post(cluster, 'VolumeCreate', body)).toMatchObject({ status: 200 })
  })

  test('of a name and status of one’s own is for good', async () => {
    await using cluster = await start()
    await must(
      sim(cluster, 'POST', 'fault', { match: '*', kind: 'error', name: 'busy', status: 418 })
        .then(() => get(cluster, 'DisksList'))
        .then((reply) => {
          expect(reply).toMatchObject({ status: 418, error: { name: 'busy' } })
          return { ...reply, error: undefined }
        }),
    )
  })

  test.each([
    ['reset', false],
    ['resetAfterCommit', true],
  ] as const)('%s breaks the connection; done is %s', async (kind, done) => {
    await using cluster = await start()
    cluster.fault({ match: 'VolumeCreate', kind })

    await expect(create(cluster, 'a')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(cluster.volumes.has('a')).toBe(done)
    expect(cluster.calls).toMatchObject([{ call: 'VolumeCreate', status: 0 }])
  })

  test.each([
    ['html', {}, 502, /^<html>/, false],
    ['html', { commit: true, status: 200 }, 200, /^<html>/, true],
    ['empty', {}, 200, /^\{\}$/, true],
    ['empty', { commit: false }, 200, /^\{\}$/, false],
    ['hang', { delayMs: 50 }, 200, /"ok":true/, true],
  ] as const)('%s %o is answered %i; done is %5$s', async (kind, more, status, text, done) => {
    await using cluster = await start()
    cluster.fault({ match: 'VolumeCreate', kind, ...more })
    const answer = await exchange(cluster.url, {
      method: 'POST',
      path: '/ctrl/1.0/VolumeCreate',
      headers: { authorization: `Storpool v1:${cluster.token}` },
      text: '{"name":"a","size":512}',
    })

    expect(answer.status).toBe(status)
    expect(answer.text).toMatch(text)
    expect(cluster.volumes.has('a')).toBe(done)
  })

  test('that hangs for ever does not keep the simulator from closing', async () => {
    const cluster = await start()
    cluster.fault({ kind: 'hang' })
    const asked = create(cluster, 'a')
    asked.catch(() => 'cut off')
    while (!cluster.volumes.has('a')) await new Promise((resolve) => setTimeout(resolve, 5))
    await cluster[Symbol.asyncDispose]()

    await expect(asked).rejects.toThrow()
  })

  test('waits for the n-th call: its answer is lost, or it is refused', async () => {
    await using cluster = await start()
    cluster.loseAnswer(1)
    cluster.refuse(2, 'insufficientResources')
    await create(cluster, 'a')
    await expect(create(cluster, 'b')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect((await post(cluster, 'VolumeCreate', { size: 512 })).error?.name).toBe('insufficientResources')

    expect([...cluster.volumes.keys()]).toEqual(['a', 'b'])
  })
})

describe('the record of calls', () => {
  test('holds what was sent, without prefixes, and which connection it came on', async () => {
    await using cluster = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const send = (path: string) =>
      new Promise((resolve) => {
        const headers = { authorization: `Storpool v1:${cluster.token}` }
        request(`${cluster.url}/ctrl/1.0/${path}`, { agent, headers }, (answer) => {
          answer.resume()
          answer.on('end', () => resolve(answer.headers.connection))
        }).end()
      })
    await send('MultiCluster/VolumesList')
    await send('RemoteCommand/beta/MultiCluster/Volume/x')
    await create(cluster, 'a')
    const log = await sim(cluster, 'GET', 'log')

    expect(log).toMatchObject([
      { seq: 0, method: 'GET', call: 'VolumesList', path: '/ctrl/1.0/MultiCluster/VolumesList', status: 200 },
      { seq: 1, call: 'Volume', status: 404 },
      { seq: 2, method: 'POST', call: 'VolumeCreate', body: { name: 'a' } },
    ])
    expect(log[0].conn).toBe(log[1].conn)
    expect(log[2].conn).not.toBe(log[1].conn)
    expect(await sim(cluster, 'GET', 'log?from=2')).toHaveLength(1)
    expect(await sim(cluster, 'GET', 'counts')).toEqual({
      calls: 3,
      connections: 2,
      byCall: { VolumesList: 1, Volume: 1, VolumeCreate: 1 },
    })
    await sim(cluster, 'POST', 'reset')
    expect(await sim(cluster, 'GET', 'counts')).toEqual({ calls: 0, connections: 0, byCall: {} })
    expect((await sim(cluster, 'GET', 'state')).volumes).toMatchObject([{ name: 'a' }])
    await sim(cluster, 'POST', 'knobs', { keepAlive: false })
    expect(await send('VolumesList')).toBe('close')
    agent.destroy()
  })

  test('and the rest of the control calls refuse what they do not know', async () => {
    await using cluster = await start()

    expect(await sim(cluster, 'POST', 'fault', { kind: 'flood' })).toHaveProperty('error')
    expect(await sim(cluster, 'POST', 'knobs', { speed: 11 })).toHaveProperty('error')
    expect(await sim(cluster, 'GET', 'nothing')).toHaveProperty('error')
    expect(await sim(cluster, 'GET', 'knobs')).toMatchObject({ tagsMode: 'merge', snapshotDeleteDelayMs: 50 })
  })
})
