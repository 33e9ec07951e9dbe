import { describe, expect, test } from 'vitest'
import { create, exchange, get, must, post, refusal, start } from './support.ts'

describe('an answer', () => {
  test('holds the data and a generation that grows with every change and only then', async () => {
    await using cluster = await start()
    const before = (await get(cluster, 'VolumesList')).body.generation
    const made = await post(cluster, 'VolumeCreate', { name: 'a', size: 512 })
    await post(cluster, 'VolumeCreate', { name: 'a', size: 512 })
    const after = (await get(cluster, 'VolumesList')).body.generation

    expect(made.body).toMatchObject({ generation: before + 1, data: { ok: true, generation: before + 1 } })
    expect(after).toBe(before + 1)
  })

  test('to the wrong token is 401 and tells nothing else', async () => {
    await using cluster = await start()
    const wrong = await get({ url: cluster.url, token: 'no' }, 'VolumesList')
    const without = await exchange(cluster.url, { path: '/ctrl/1.0/VolumesList' })

    expect(wrong).toMatchObject({ status: 401, data: undefined, error: { name: 'notAuthorized' } })
    expect(without.status).toBe(401)
  })

  test('does not depend on the content type of the request', async () => {
    await using cluster = await start()
    for (const type of [undefined, 'application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await exchange(cluster.url, {
        method: 'POST',
        path: '/ctrl/1.0/VolumeCreate',
        headers: { authorization: `Storpool v1:${cluster.token}`, ...(type ? { 'content-type': type } : {}) },
        text: '{"size":512}',
      })
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe('application/json')
    }
  })

  test('is the same to no body and to an empty object', async () => {
    await using cluster = await start()
    await create(cluster, 'a')
    await create(cluster, 'b')
    await must(post(cluster, 'VolumeDelete/a'))
    await must(post(cluster, 'VolumeDelete/b', {}))

    expect(await must(get(cluster, 'VolumesList'))).toEqual([])
  })
})

describe('refused', () => {
  test.each([
    ['a body that is not JSON', '{"name":', 'not JSON'],
    ['an unknown member, by its name', { name: 'a', size: 512, colour: 'red' }, '"colour"'],
    ['null members', { name: 'a', size: 512, template: null }, '"template"'],
    ['a size of 0', { name: 'a', size: 0 }, '"size"'],
    ['a size that is no multiple of 512', { name: 'a', size: 513 }, '"size"'],
    ['a size beyond any volume', { name: 'a', size: 2 ** 60 }, '"size"'],
    ['a name with a slash', { name: 'a/b', size: 512 }, '"name"'],
    ['a reserved name', { name: 'list', size: 512 }, '"name"'],
    ['a name of 200 characters', { name: 'a'.repeat(200), size: 512 }, '"name"'],
    ['a name that looks like a global id', { name: '~a.b.c', size: 512 }, '"name"'],
    ['a tag value with a space', { name: 'a', size: 512, tags: { t: 'a b' } }, '"tags.t"'],
    ['no size at all', { name: 'a' }, '"size"'],
    ['a replication of 4', { name: 'a', size: 512, replication: 4 }, '"replication"'],
  ])('is %s, as invalidParam, and nothing is made', async (_, body, named) => {
    await using cluster = await start()
    const { status, error } = await post(cluster, 'VolumeCreate', body)

    expect({ status, name: error?.name }).toEqual({ status: 400, name: 'invalidParam' })
    expect(error?.descr).toContain(named)
    expect(cluster.volumes.size).toBe(0)
  })

  test('is a query nobody wrote, plainly, and a known one by the wrong method', async () => {
    await using cluster = await start()

    expect(await get(cluster, 'VolumeTeleport/a')).toMatchObject({
      status: 501,
      error: { name: 'notImplemented' },
    })
    expect(await get(cluster, 'VolumeCreate')).toMatchObject({ status: 405 })
    expect(await post(cluster, 'VolumesList')).toMatchObject({ status: 405 })
    expect(await refusal(get(cluster, 'Volume'))).toBe('invalidParam')
    expect(await refusal(get(cluster, 'Volume/a/b'))).toBe('invalidParam')
  })

  test('is a body of 10 MB, with an answer that says so', async () => {
    await using cluster = await start()
    const answer = await post(cluster, 'VolumeCreate', { name: 'a'.repeat(10_000_000), size: 512 })

    expect(answer).toMatchObject({ status: 413, error: { name: 'invalidParam' } })
  })

  test('is deep nesting, without falling over', async () => {
    await using cluster = await start()
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

    expect((await post(cluster, 'VolumesReassign', deep)).error).toBeDefined()
    expect((await get(cluster, 'VolumesList')).status).toBe(200)
  })
})

describe('the knobs for what is not known', () => {
  test('errors with HTTP 200, and other statuses', async () => {
    await using cluster = await start()
    cluster.setKnobs({ errorHttpStatus: { objectDoesNotExist: 500 } })
    expect(await get(cluster, 'Volume/a')).toMatchObject({
      status: 500,
      error: { name: 'objectDoesNotExist' },
    })
    cluster.setKnobs({ errorsAs200: true })
    expect(await get(cluster, 'Volume/a')).toMatchObject({
      status: 200,
      error: { name: 'objectDoesNotExist' },
    })
  })

  test('nulls that count as absent', async () => {
    await using cluster = await start()
    cluster.setKnobs({ rejectNulls: false })
    await must(post(cluster, 'VolumeCreate', { name: 'a', size: 512, template: null }))

    expect(cluster.volumes.get('a')).toMatchObject({ templateName: '' })
  })

  test('path arguments that are decoded, or taken as they are', async () => {
    await using cluster = await start()
    await create(cluster, '#system')
    expect(await must(get(cluster, 'Volume/%23system'))).toMatchObject([{ name: '#system' }])
    expect(await refusal(get(cluster, 'Volume/%zz'))).toBe('invalidParam')
    cluster.setKnobs({ decodePath: false })
    expect(await refusal(get(cluster, 'Volume/%23system'))).toBe('invalidParam')
  })

  test('an unknown knob is an error', async () => {
    await using cluster = await start()

    expect(() => cluster.setKnobs({ nonsense: 1 } as object)).toThrow()
  })
})
