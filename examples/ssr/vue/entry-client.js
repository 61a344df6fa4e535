import { createSSRApp } from 'vue';
import App from './app.vue';

createSSRApp(App, { source: window.source }).mount('#app');
