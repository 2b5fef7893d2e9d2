// server.js FILE: a small web application as a company might write one. Name and password first; then Countersign is asked
// for the second factor, through the unmodified npm package @duosecurity/duo_universal. FILE is JSON with client_id,
// client_secret, api_hostname and ca (a file; empty: an authority that machines trust already). It is for one machine:
// plain HTTP on loopback, sessions in memory, and one password for everybody.
import { timingSafeEqual, createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { Client } from '@duosecurity/duo_universal'
import { errorPage, signedInPage, signInPage } from './pages.js'

const PORT = Number(process.env.DEMO_PORT ?? 8444)
const ORIGIN = `http://localhost:${PORT}`
const PASSWORD = 'demo'
const COOKIE = 'demo-session'
const FORM_MAX = 4096
const NAME_MAX = 255
const SESSIONS_MAX = 1000
const SESSION_MS = 60 * 60 * 1000
const STYLE = readFileSync(new URL('style.css', import.meta.url))

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const client = new Client({
  clientId: config.client_id,
  clientSecret: config.client_secret,
  apiHost: config.api_hostname,
  redirectUrl: `${ORIGIN}/callback`
})
// The package trusts a list of authorities of its own and has no option for another; its HTTP client can be told.
client.axios.defaults.httpsAgent = new https.Agent(config.ca ? { ca: readFileSync(config.ca) } : {})

// ---- Sessions ----

// id → { until, waiting: { state, username }, spent: [state], result }
const sessions = new Map()

function sessionOf (request) {
  const found = /(?:^|;\s*)demo-session=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '')
  const session = found && sessions.get(found[1])
  return session && session.until > Date.now() ? session : undefined
}

// A new id at every step that makes somebody more than before, so that nobody can plant one.
function openSession (reply, content) {
  for (const [id, session] of sessions) if (session.until <= Date.now()) sessions.delete(id)
  if (sessions.size >= SESSIONS_MAX) sessions.delete(sessions.keys().next().value)
  const id = randomBytes(32).toString('base64url')
  sessions.set(id, { until: Date.now() + SESSION_MS, spent: [], ...content })
  reply.setHeader('set-cookie', `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${SESSION_MS / 1000}`)
}

function closeSession (session) {
  for (const [id, known] of sessions) if (known === session) sessions.delete(id)
}

// ---- Answers ----

function send (reply, status, page) {
  reply.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    // A form's redirect counts as its target in some browsers, so the next page's host is named.
    'content-security-policy': "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
      `form-action 'self' https://${config.api_hostname}`,
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff'
  })
  reply.end(page)
}

function redirect (reply, url) {
  reply.writeHead(303, { location: url, 'cache-control': 'no-store' }).end()
}

const digest = text => createHash('sha256').update(text).digest()

async function formOf (request) {
  let text = ''
  for await (const piece of request) {
    text += piece
    if (text.length > FORM_MAX) return new URLSearchParams()
  }
  return new URLSearchParams(text)
}

// ---- What there is to do ----

function home (request, reply) {
  const session = sessionOf(request)
  send(reply, 200, session?.result ? signedInPage(session.result) : signInPage({}))
}

async function signIn (request, reply) {
  const form = await formOf(request)
  const username = (form.get('username') ?? '').trim()
  const wrong = !username ? 'Enter a user name.' : username.length > NAME_MAX ? 'That name is too long.' : ''
  if (wrong) return send(reply, 422, signInPage({ username: username.slice(0, NAME_MAX), wrong, field: 'username' }))
  if (!timingSafeEqual(digest(form.get('password') ?? ''), digest(PASSWORD))) {
    return send(reply, 422, signInPage({ username, wrong: 'The password is not right; here it is “demo”.', field: 'password' }))
  }
  try {
    await client.healthCheck()
  } catch (error) {
    // Closed, not open: without the second factor nobody comes in.
    return send(reply, 503, errorPage('away', error.message))
  }
  const state = client.generateState()
  const url = await client.createAuthUrl(username, state)
  openSession(reply, { waiting: { state, username }, spent: sessionOf(request)?.spent ?? [] })
  redirect(reply, url)
}

// What Countersign sends the browser back with: code and state, or error and state.
async function callback (request, reply, query) {
  const session = sessionOf(request)
  const state = query.get('state') ?? ''
  if (!session) return send(reply, 400, errorPage('unknown'))
  if (session.spent.includes(state)) return send(reply, 400, errorPage('replayed'))
  if (!session.waiting || session.waiting.state !== state) return send(reply, 400, errorPage('unknown'))
  const { username } = session.waiting
  session.spent.push(state)
  session.waiting = undefined
  const refused = query.get('error')
  if (refused) {
    const why = query.get('error_description') ?? refused
    return send(reply, 403, errorPage(refused === 'access_denied' ? 'denied' : 'failed', why))
  }
  try {
    const result = await client.exchangeAuthorizationCodeFor2FAResult(query.get('duo_code') ?? '', username)
    const { spent } = session
    closeSession(session)
    openSession(reply, { result, spent })
    redirect(reply, '/')
  } catch (error) {
    send(reply, 403, errorPage(problemOf(error.message), error.message))
  }
}

// The package hands on the server's words: "invalid_grant: code: it is older than 60 s. (reference …)".
function problemOf (message) {
  if (!message.startsWith('invalid_grant')) return 'failed'
  return /used before/.test(message) ? 'replayed' : /older than/.test(message) ? 'expired' : 'failed'
}

function signOut (request, reply) {
  const session = sessionOf(request)
  if (session) closeSession(session)
  redirect(reply, '/')
}

// A form of another site, which browsers say, does nothing.
const ofOurs = request => [undefined, ORIGIN].includes(request.headers.origin)

async function answer (request, reply) {
  const url = new URL(request.url, ORIGIN)
  const route = `${request.method} ${url.pathname}`
  if (request.headers.host !== new URL(ORIGIN).host) return redirect(reply, ORIGIN)
  if (request.method === 'POST' && !ofOurs(request)) return send(reply, 403, errorPage('foreign'))
  switch (route) {
    case 'GET /': return home(request, reply)
    case 'POST /sign-in': return signIn(request, reply)
    case 'GET /callback': return callback(request, reply, url.searchParams)
    case 'POST /sign-out': return signOut(request, reply)
    case 'GET /style.css': return reply.writeHead(200, { 'content-type': 'text/css' }).end(STYLE)
    case 'GET /favicon.ico': return reply.writeHead(204).end()
    default: return send(reply, 404, errorPage('missing'))
  }
}

const server = http.createServer((request, reply) => {
  answer(request, reply).catch(error => {
    console.error(`demo: ${error.message}`)
    if (!reply.headersSent) send(reply, 500, errorPage('failed'))
  })
})
server.on('error', error => {
  console.error(`demo: ${error.code === 'EADDRINUSE' ? `port ${PORT} is taken by another program` : error.message}`)
  process.exit(1)
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
// Both loopbacks: browsers differ in which one "localhost" is.
server.listen(PORT, '127.0.0.1', () => {
  console.log(`demo: open ${ORIGIN}`)
  http.createServer((request, reply) => server.emit('request', request, reply)).on('error', () => {}).listen(PORT, '::1')
})
