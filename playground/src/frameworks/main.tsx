import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Page } from './page.js';
import '../styles/tokens.css';
import '../styles/base.css';
import './page.css';

const root = document.getElementById('root');
if (!root) throw new Error('frameworks.html has no #root.');
createRoot(root).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
