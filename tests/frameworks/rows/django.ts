import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const FILES = {
  'manage.py': `import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')
execute_from_command_line(sys.argv)
`,
  'settings.py': `from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = 'secret'
DEBUG = True
ROOT_URLCONF = 'urls'
INSTALLED_APPS = [
    'django.contrib.admin', 'django.contrib.auth', 'django.contrib.contenttypes',
    'django.contrib.sessions', 'django.contrib.messages', 'django.contrib.staticfiles', 'library',
]
MIDDLEWARE = [
    'django.middleware.security.SecurityMiddleware',
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware',
    'django.middleware.clickjacking.XFrameOptionsMiddleware',
]
TEMPLATES = [{
    'BACKEND': 'django.template.backends.django.DjangoTemplates',
    'APP_DIRS': True,
    'OPTIONS': {'context_processors': [
        'django.template.context_processors.request',
        'django.contrib.auth.context_processors.auth',
        'django.contrib.messages.context_processors.messages',
    ]},
}]
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'data/db.sqlite3'}}
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
STATIC_URL = '/static/'
MEDIA_URL = '/media/'
MEDIA_ROOT = BASE_DIR / 'data'
USE_TZ = True
`,
  'urls.py': `from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path('', RedirectView.as_view(url='/admin/')),
    path('admin/', admin.site.urls),
] + static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
`,
  'library/__init__.py': '',
  'library/models.py': `from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    text = models.FileField()

    def __str__(self):
        return self.title
`,
  'library/admin.py': `from django.contrib import admin

from .models import Author, Book

admin.site.register(Author)
admin.site.register(Book)
`,
};

const DEBIAN = 'python3-django python3-asgiref python3-sqlparse python3-tz libjs-jquery';
const PYTHON = 'PYTHONPATH=debian/usr/lib/python3/dist-packages /usr/bin/python3';

async function logIn(visit: Visit): Promise<void> {
  await visit.fill('[name=username]', 'ada');
  await visit.fill('[name=password]', 'enter');
  await visit.press('[type=submit]');
  await visit.shows('Site administration');
}

/** The author comes from a popup, whose scripts reach into the page that has opened it. */
async function create(visit: Visit): Promise<unknown> {
  await visit.press('a[href="/admin/library/book/add/"]');
  await visit.fill('[name=title]', 'Notes on the engine');
  await visit.attach('[name=text]', 'notes.txt', 'ä line of text\n'.repeat(50_000));
  // Its scripts make a popup of what is a link before.
  await visit.isQuiet();
  const popup = await visit.opens(() => visit.press('#add_id_author'));
  await popup.fill('[name=name]', 'Ada Lovelace');
  await popup.press('[name=_save]');
  await visit.has('#id_author option:checked:not([value=""])');
  await visit.press('[name=_continue]');
  await visit.shows('was added successfully');
  const frame = await visit.has('.file-upload a');
  return frame.evaluate(async () => {
    const link = document.querySelector<HTMLAnchorElement>('.file-upload a');
    const answer = await fetch(link?.href ?? '');
    return {
      author: document.querySelector('#id_author option:checked')?.textContent,
      // Django adds letters to a name that it has already.
      path: new URL(link?.href ?? '').pathname.replace(/_\w{7}\b/, ''),
      type: answer.headers.get('content-type'),
      length: (await answer.text()).length,
    };
  });
}

async function remove(visit: Visit): Promise<void> {
  await visit.press('.deletelink');
  await visit.shows('Are you sure');
  await visit.press('[type=submit]');
  await visit.shows('was deleted successfully');
  await visit.shows('0 books');
}

async function logOut(visit: Visit): Promise<void> {
  await visit.press('a[href="/admin/logout/"]');
  await visit.shows('Logged out');
  await visit.go('/admin/library/book/');
  await visit.has('[name=password]');
}

export const django: Framework = {
  name: 'django',
  title: 'Django',
  packages: [],
  version: `echo Django $(${PYTHON} -m django --version)`,
  // Debian's packages, unpacked in the folder: nothing is installed.
  scaffold: [
    FILES,
    `cd django && apt-get download ${DEBIAN} && ` +
      'for package in *.deb; do dpkg-deb --extract "$package" debian; done',
  ],
  start: ({ app }) =>
    `rm -rf data && mkdir data && ${PYTHON} manage.py migrate --run-syncdb && ` +
    `export DJANGO_SUPERUSER_PASSWORD=enter && ` +
    `${PYTHON} manage.py createsuperuser --noinput --username ada --email ada@localhost && ` +
    `${PYTHON} manage.py runserver ${app}`,
  shows: 'Username',
  edits: [],
  checks: [
    { what: 'login', run: logIn },
    { what: 'a record with a file, and another from a popup', run: create },
    { what: 'deletion', run: remove },
    { what: 'logout', run: logOut },
  ],
  // Its pages are left before their fonts are there.
  slowErrors: /downloadable font: download failed/,
  notes: ['Debian’s packages'],
};
