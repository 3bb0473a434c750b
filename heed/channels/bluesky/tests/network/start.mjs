// Starts a whole Bluesky network on the ports of NETWORK_PORTS and says "ready" with its addresses.
// It ends on SIGTERM, and when whoever started it is gone. Beneath stands what else
// can be done to it.
import crypto from 'node:crypto'
import dns from 'node:dns'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

dns.setDefaultResultOrder('ipv4first')

// This file lies outside the folder where the packages are: import from there.
const require = createRequire(pathToFileURL(`${process.env.NETWORK_PACKAGES}/start.mjs`))

// The search for people by likeness wants an extension that our PostgreSQL does not have. Nobody is
// searched for here: leave out the extension and its three indexes.
const { Client } = require('pg')
const query = Client.prototype.query
Client.prototype.query = function (asked, ...rest) {
  const text = typeof asked === 'string' ? asked : asked?.text
  if (!/extension if not exists pg_trgm|gist_trgm_ops/.test(text ?? '')) return query.call(this, asked, ...rest)
  if (typeof asked === 'string') return query.call(this, 'select 1', ...rest)
  asked.text = 'select 1'
  return query.call(this, asked, ...rest)
}

// How long the hour of a limit lasts, and how much it allows: tests have no hour to wait.
const limits = { hour: undefined, points: undefined }
const flexible = require('rate-limiter-flexible')
flexible.RateLimiterMemory = class extends flexible.RateLimiterMemory {
  constructor(asked) {
    const hour = asked.keyPrefix === 'rl-repo-write-hour' && limits.hour
    super(hour ? { ...asked, duration: limits.hour, points: limits.points } : asked)
  }
}

const entry = require.resolve('@atproto/dev-env')
const { TestNetwork, TestPds, mockMailer, mockNetworkUtilities } = await import(pathToFileURL(entry))

const ports = JSON.parse(process.env.NETWORK_PORTS)

// Every request to the accounts' server passes here first: counted, made late, or cut.
const sockets = new Set()
const calls = {}
const tokens = new Map()
const ended = new Set()
const cuts = []

function claims(token) {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
  } catch {
    return {}
  }
}

// The same token as it would look two hours later: its end lies in the past.
function late(token) {
  const now = Math.floor(Date.now() / 1000)
  const told = JSON.stringify({ ...claims(token), iat: now - 7260, exp: now - 60 })
  const signed = `${token.split('.')[0]}.${Buffer.from(told).toString('base64url')}`
  return `${signed}.${crypto.createHmac('sha256', 'jwt-secret').update(signed).digest('base64url')}`
}

function growOld(request) {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '')
  const { sub, scope } = claims(token)
  if (!sub || !scope?.startsWith('com.atproto.appPass')) return
  if (!tokens.has(sub)) tokens.set(sub, new Set())
  tokens.get(sub).add(token)
  if (ended.has(token)) request.headers.authorization = `Bearer ${late(token)}`
}

// True when the request is not to go on.
function cut(nsid, request, answer) {
  const found = cuts.find((each) => each.nsid === nsid && each.skip-- <= 0)
  if (!found) return false
  cuts.splice(cuts.indexOf(found), 1)
  const fall = () => {
    request.socket.destroy()
    restart(found.away)
  }
  if (found.when === 'before') {
    fall()
    return true
  }
  answer.writeHead = () => answer
  answer.write = () => true
  answer.end = () => {
    fall()
    return answer
  }
  return false
}

const emit = http.Server.prototype.emit
http.Server.prototype.emit = function (event, ...given) {
  if (this.address()?.port !== ports.pds) return emit.call(this, event, ...given)
  if (event === 'connection') {
    sockets.add(given[0])
    given[0].on('close', () => sockets.delete(given[0]))
  }
  if (event === 'request') {
    const [request, answer] = given
    const nsid = request.url.split('?')[0].replace('/xrpc/', '')
    calls[nsid] = (calls[nsid] ?? 0) + 1
    growOld(request)
    if (cut(nsid, request, answer)) return true
  }
  return emit.call(this, event, ...given)
}

// The accounts' server keeps its data and keys in a known place, so that it can be started again over them.
let kept
const create = TestPds.create
TestPds.create = async (given) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pds-'))
  const lasting = {
    ...given,
    dataDirectory: path.join(folder, 'data'),
    blobstoreDiskLocation: path.join(folder, 'blobs'),
    plcRotationKeyK256PrivateKeyHex: crypto.randomBytes(32).toString('hex'),
  }
  fs.mkdirSync(lasting.dataDirectory)
  if (given.port === ports.pds) kept = lasting
  return create.call(TestPds, lasting)
}

const network = await TestNetwork.create({
  pds: {
    port: ports.pds,
    hostname: 'localhost',
    enableDidDocWithSession: true,
  },
  bsky: { dbPostgresSchema: 'bsky', port: ports.bsky, publicUrl: `http://localhost:${ports.bsky}` },
  plc: { port: ports.plc },
  ozone: { port: ports.ozone },
})
mockMailer(network.pds)

// The server goes as in a power cut, connections and all, and comes back over the same data.
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000))
let away = Promise.resolve()

async function goAndComeBack(seconds, { hour, points } = {}) {
  const gone = network.pds.server
  gone.server.close()
  for (const socket of sockets) socket.destroy()
  await gone.ctx.destroy()
  await pause(seconds)
  Object.assign(limits, { hour, points })
  network.pds = await create.call(TestPds, { ...kept, rateLimitsEnabled: hour !== undefined })
  mockNetworkUtilities(network.pds)
  mockMailer(network.pds)
}

function restart(seconds, given) {
  away = away.then(() => goAndComeBack(seconds, given))
  return away
}

// What tests can ask for.
//   GET  /         everything written so far can be seen
//   GET  /calls    how often each method was called
//   POST /restart  {away, hour?, points?}: the server is gone for `away` seconds; with an `hour` its limits hold
//   POST /cut      {nsid, when, skip, away}: that call, after `skip` others, is cut `before` or `after` it is
//                  done, and the server with it
//   POST /age      {did}: two hours pass for every token used so far that this account's app passwords gave
const asked = {
  'GET /': async () => {
    await away
    await network.processAll()
    return 'settled'
  },
  'GET /calls': () => calls,
  'POST /restart': ({ away, ...given }) => restart(away, given),
  'POST /cut': (given) => cuts.push(given),
  'POST /age': ({ did }) => tokens.get(did)?.forEach((token) => ended.add(token)),
}
const control = http.createServer(async (request, answer) => {
  let body = ''
  for await (const piece of request) body += piece
  try {
    const told = await asked[`${request.method} ${request.url}`](body ? JSON.parse(body) : {})
    answer.end(JSON.stringify(told ?? null))
  } catch (error) {
    answer.writeHead(500).end(String(error.stack ?? error))
  }
})
control.listen(ports.control)

async function end() {
  setTimeout(() => process.exit(1), 8000).unref()
  await network.close()
  process.exit(0)
}

// Requests that were under way when the server went have nobody to answer to.
process.on('unhandledRejection', (error) => console.error(error))
process.on('uncaughtException', (error) => console.error(error))
process.on('SIGTERM', end)
process.stdin.on('end', end).on('close', end).resume()
console.log(JSON.stringify({ ready: true, pds: network.pds.url }))
