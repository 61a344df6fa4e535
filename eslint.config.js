import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import svelte from 'eslint-plugin-svelte';
import vue from 'eslint-plugin-vue';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import ts from 'typescript-eslint';

export default defineConfig(
  {
    ignores: [
      '**/dist/',
      '**/.next/',
      '**/.svelte-kit/',
      'examples/*/build/',
      'coverage/',
      '.svelte-check/',
      '**/*.d.ts',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  { rules: { 'guard-for-in': 'error' } }, // pages and servers may extend Object.prototype and Array.prototype
  {
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'URL',
          property: 'canParse',
          message: 'Optimized code of Node 20 reads Latin-1 as UTF-8 there. Catch the error of `new URL`.',
        },
      ],
    },
  },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: globals.node } },
  { files: ['examples/**'], languageOptions: { globals: globals.browser } },
  {
    files: ['scripts/consumers/**'],
    languageOptions: {
      globals: { ...globals.node, ...globals.browser, test: 'readonly', expect: 'readonly' },
    },
  },
  // with types, in components, too
  { files: ['**/*.{ts,tsx,vue,svelte}'], extends: [ts.configs.recommendedTypeChecked] },
  vue.configs['flat/essential'], // all that is above is about form, which is Prettier's
  svelte.configs.recommended,
  {
    files: ['**/*.{ts,tsx,vue,svelte}'],
    languageOptions: {
      parserOptions: {
        project: './tsconfig.check.json',
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue', '.svelte'],
      },
    },
    rules: { 'no-undef': 'off' }, // tsc does it
  },
  { files: ['**/*.{vue,svelte,svelte.ts}'], languageOptions: { parserOptions: { parser: ts.parser } } },
  { files: ['**/*.vue'], rules: { 'vue/multi-word-component-names': 'off' } },
  { files: ['**/*.tsx'], extends: [reactHooks.configs.flat['recommended-latest']] },
  {
    // what tests, and examples without types, may do that sources may not
    files: [
      '**/*.test.{ts,tsx,svelte}',
      '**/testing/**/*.ts',
      '{core,server-node}/test/**/*.ts',
      'e2e/**/*.ts',
      'examples/**/*.{vue,svelte}',
    ],
    rules: {
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
    },
  },
);
