import { VeloxProvider } from '@velox/react';

export const metadata = { title: 'Velox in Next.js', icons: 'data:,' };

/** A server component: the provider is a client component, and may be used from here. */
export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <VeloxProvider url="/sync" transport="sse">
          {children}
        </VeloxProvider>
      </body>
    </html>
  );
}
