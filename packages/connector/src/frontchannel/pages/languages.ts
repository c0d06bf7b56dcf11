/** What pages say, in each language, and which one a person gets. */

/** A sentence for each way in which a sign-in at the form can end without one. */
export type FormProblem =
  | 'wrong'
  | 'empty'
  | 'passwordExpired'
  | 'passwordChangeRequired'
  | 'accountLocked'
  | 'accountDisabled'
  | 'accountExpired'
  | 'tooMany'
  | 'unavailable'
  | 'foreignForm';

export interface Texts {
  name: string;
  password: string;
  signIn: string;
  /** On the page that leads back, for browsers without scripts. */
  goOn: string;
  signedIn: string;
  signedOut: string;
  invalidTitle: string;
  invalid: string;
  problem: string;
  problems: Record<FormProblem, string>;
}

const en: Texts = {
  name: 'User name',
  password: 'Password',
  signIn: 'Sign in',
  goOn: 'Continue',
  signedIn: 'You are signed in. If nothing happens, continue here.',
  signedOut: 'You are signed out here.',
  invalidTitle: 'This sign-in cannot go on',
  invalid:
    'The address that led you here is not valid. Go back to the application and sign in again; if that does not help, tell your administrator.',
  problem: 'Problem',
  problems: {
    wrong: 'The user name or the password is wrong.',
    empty: 'Enter your user name and your password.',
    passwordExpired: 'Your password has expired. Change it, then sign in again.',
    passwordChangeRequired: 'You must change your password before you can sign in here.',
    accountLocked: 'Your account is locked. Try again later, or ask your administrator.',
    accountDisabled: 'Your account is disabled. Ask your administrator.',
    accountExpired: 'Your account has expired. Ask your administrator.',
    tooMany: 'There were too many attempts. Wait a while before you try again.',
    unavailable: 'Nobody can be signed in at the moment. Try again in a few minutes.',
    foreignForm: 'Another page sent your browser here. Enter your name and password if you want to sign in.',
  },
};

const de: Texts = {
  name: 'Benutzername',
  password: 'Passwort',
  signIn: 'Anmelden',
  goOn: 'Weiter',
  signedIn: 'Sie sind angemeldet. Falls nichts geschieht, geht es hier weiter.',
  signedOut: 'Sie sind hier abgemeldet.',
  invalidTitle: 'Diese Anmeldung kann nicht fortgesetzt werden',
  invalid:
    'Die Adresse, die Sie hierher geführt hat, ist ungültig. Gehen Sie zur Anwendung zurück und melden Sie sich noch einmal an; hilft das nicht, wenden Sie sich an Ihre Administration.',
  problem: 'Problem',
  problems: {
    wrong: 'Der Benutzername oder das Passwort ist falsch.',
    empty: 'Geben Sie Benutzername und Passwort ein.',
    passwordExpired: 'Ihr Passwort ist abgelaufen. Ändern Sie es und melden Sie sich dann noch einmal an.',
    passwordChangeRequired: 'Sie müssen Ihr Passwort ändern, bevor Sie sich hier anmelden können.',
    accountLocked: 'Ihr Konto ist gesperrt. Versuchen Sie es später noch einmal, oder wenden Sie sich an Ihre Administration.',
    accountDisabled: 'Ihr Konto ist deaktiviert. Wenden Sie sich an Ihre Administration.',
    accountExpired: 'Ihr Konto ist abgelaufen. Wenden Sie sich an Ihre Administration.',
    tooMany: 'Es gab zu viele Versuche. Warten Sie eine Weile, bevor Sie es noch einmal versuchen.',
    unavailable: 'Im Augenblick kann niemand angemeldet werden. Versuchen Sie es in einigen Minuten noch einmal.',
    foreignForm: 'Eine andere Seite hat Ihren Browser hierher geschickt. Geben Sie Name und Passwort ein, wenn Sie sich anmelden wollen.',
  },
};

const fr: Texts = {
  name: 'Nom d’utilisateur',
  password: 'Mot de passe',
  signIn: 'Se connecter',
  goOn: 'Continuer',
  signedIn: 'La connexion a réussi. Si rien ne se passe, continuez ici.',
  signedOut: 'Votre session est terminée ici.',
  invalidTitle: 'Cette connexion ne peut pas continuer',
  invalid:
    'L’adresse qui vous a amené ici n’est pas valide. Revenez à l’application et connectez-vous de nouveau\u202f; si cela n’aide pas, prévenez votre administrateur.',
  problem: 'Problème',
  problems: {
    wrong: 'Le nom d’utilisateur ou le mot de passe est incorrect.',
    empty: 'Saisissez votre nom d’utilisateur et votre mot de passe.',
    passwordExpired: 'Votre mot de passe a expiré. Changez-le, puis connectez-vous de nouveau.',
    passwordChangeRequired: 'Vous devez changer votre mot de passe avant de pouvoir vous connecter ici.',
    accountLocked: 'Votre compte est verrouillé. Réessayez plus tard ou adressez-vous à votre administrateur.',
    accountDisabled: 'Votre compte est désactivé. Adressez-vous à votre administrateur.',
    accountExpired: 'Votre compte a expiré. Adressez-vous à votre administrateur.',
    tooMany: 'Il y a eu trop d’essais. Attendez un moment avant de réessayer.',
    unavailable: 'Personne ne peut se connecter pour le moment. Réessayez dans quelques minutes.',
    foreignForm: 'Une autre page a envoyé votre navigateur ici. Saisissez votre nom et votre mot de passe si vous voulez vous connecter.',
  },
};

const es: Texts = {
  name: 'Nombre de usuario',
  password: 'Contraseña',
  signIn: 'Iniciar sesión',
  goOn: 'Continuar',
  signedIn: 'Ha iniciado sesión. Si no ocurre nada, continúe aquí.',
  signedOut: 'Ha cerrado la sesión aquí.',
  invalidTitle: 'Este inicio de sesión no puede continuar',
  invalid:
    'La dirección que le ha traído aquí no es válida. Vuelva a la aplicación e inicie sesión de nuevo; si no sirve de nada, avise a su administrador.',
  problem: 'Problema',
  problems: {
    wrong: 'El nombre de usuario o la contraseña no son correctos.',
    empty: 'Escriba su nombre de usuario y su contraseña.',
    passwordExpired: 'Su contraseña ha caducado. Cámbiela e inicie sesión de nuevo.',
    passwordChangeRequired: 'Debe cambiar su contraseña antes de poder iniciar sesión aquí.',
    accountLocked: 'Su cuenta está bloqueada. Inténtelo más tarde o consulte a su administrador.',
    accountDisabled: 'Su cuenta está desactivada. Consulte a su administrador.',
    accountExpired: 'Su cuenta ha caducado. Consulte a su administrador.',
    tooMany: 'Ha habido demasiados intentos. Espere un rato antes de intentarlo de nuevo.',
    unavailable: 'En este momento nadie puede iniciar sesión. Inténtelo de nuevo dentro de unos minutos.',
    foreignForm: 'Otra página ha enviado su navegador aquí. Escriba su nombre y su contraseña si quiere iniciar sesión.',
  },
};

const ja: Texts = {
  name: 'ユーザー名',
  password: 'パスワード',
  signIn: 'サインイン',
  goOn: '続行',
  signedIn: 'サインインしました。画面が変わらない場合は、ここから続行してください。',
  signedOut: 'サインアウトしました。',
  invalidTitle: 'このサインインは続行できません',
  invalid:
    'このページへのリンクが正しくありません。アプリケーションに戻って、もう一度サインインしてください。解決しない場合は管理者に連絡してください。',
  problem: '問題',
  problems: {
    wrong: 'ユーザー名またはパスワードが正しくありません。',
    empty: 'ユーザー名とパスワードを入力してください。',
    passwordExpired: 'パスワードの有効期限が切れています。変更してから、もう一度サインインしてください。',
    passwordChangeRequired: 'サインインする前にパスワードを変更する必要があります。',
    accountLocked: 'アカウントがロックされています。しばらくしてから再試行するか、管理者に連絡してください。',
    accountDisabled: 'アカウントが無効になっています。管理者に連絡してください。',
    accountExpired: 'アカウントの有効期限が切れています。管理者に連絡してください。',
    tooMany: '試行回数が多すぎます。しばらく待ってから再試行してください。',
    unavailable: '現在サインインできません。数分後にもう一度お試しください。',
    foreignForm: '別のページからここに移動しました。サインインする場合は、ユーザー名とパスワードを入力してください。',
  },
};

export const LANGUAGES = { en, de, fr, es, ja } as const satisfies Record<string, Texts>;
export type Language = keyof typeof LANGUAGES;

/** @param acceptLanguage the header, as browsers send it (RFC 9110, section 12.5.4) */
export function languageFor(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return { language: tag.split('-', 1)[0] ?? '', quality: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ quality }) => quality > 0)
    // Of two with the same quality the first stays first.
    .sort((a, b) => b.quality - a.quality);
  return wanted.map(({ language }) => language).find(isLanguage) ?? 'en';
}

function isLanguage(text: string): text is Language {
  return Object.hasOwn(LANGUAGES, text);
}
