/** Serves the built library to a page on the loopback interface, as a web server would. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The library as it is built, and the packages that its browser-safe entries need at run time. */
const IMPORT_MAP = {
  imports: {
    pagepipe: '/dist/index.js',
    'pagepipe/model': '/dist/model/index.js',
    'pagepipe/bench': '/dist/bench/index.js',
    '@assemblyscript/loader': '/node_modules/@assemblyscript/loader/index.js',
    tinyqueue: '/node_modules/tinyqueue/index.js',
    valibot: '/node_modules/valibot/dist/index.mjs',
  },
};

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>pagepipe</title>
<script type="importmap">${JSON.stringify(IMPORT_MAP)}</script>
`;

/** What a page may ask for: compiled modules, nothing else of the checkout. */
const PACKAGES = 'node_modules/(?:@assemblyscript/loader|tinyqueue|valibot/dist)';
const MODULE = new RegExp(`^/(?:dist|${PACKAGES}|test/browser)/[\\w/-]+\\.m?js$`);

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server; `/?csp=POLICY` gives the page with that Content-Security-Policy. */
export async function servePage(): Promise<PageServer> {
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/') {
      const csp = url.searchParams.get('csp');
      response.setHeader('content-type', 'text/html');
      if (csp !== null) response.setHeader('content-security-policy', csp);
      response.end(PAGE);
    } else if (MODULE.test(url.pathname)) {
      response.setHeader('content-type', 'text/javascript');
      readFile(ROOT + url.pathname).then(
        (text) => response.end(text),
        () => response.writeHead(404).end(),
      );
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // a browser keeps its connections open, and close waits for them
        server.closeAllConnections();
      }),
  };
}
