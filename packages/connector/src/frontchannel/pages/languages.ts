/** The texts of the front channel's pages in each language, and the choice of the language. */

/** Why a sign-in with the form failed. */
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
  /** The button of the page that posts the token, for browsers without scripts. */
  continue: string;
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
  continue: 'Continue',
  signedIn: 'You are signed in. If nothing happens, select Continue.',
  signedOut: 'You have been signed out here.',
  invalidTitle: 'This sign-in cannot continue',
  invalid:
    'The link that brought you here is not valid. Go back to the application and sign in again. If that does not help, contact your administrator.',
  problem: 'Problem',
  problems: {
    wrong: 'The user name or the password is wrong.',
    empty: 'Enter your user name and password.',
    passwordExpired: 'Your password has expired. Change it, then sign in again.',
    passwordChangeRequired: 'You must change your password before you can sign in here.',
    accountLocked: 'Your account is locked. Try again later, or contact your administrator.',
    accountDisabled: 'Your account is disabled. Contact your administrator.',
    accountExpired: 'Your account has expired. Contact your administrator.',
    tooMany: 'There were too many attempts. Wait a while before you try again.',
    unavailable: 'Signing in is not possible at the moment. Try again in a few minutes.',
    foreignForm: 'Another page sent your browser here. Enter your user name and password only if you want to sign in.',
  },
};

const de: Texts = {
  name: 'Benutzername',
  password: 'Passwort',
  signIn: 'Anmelden',
  continue: 'Weiter',
  signedIn: 'Sie sind angemeldet. Falls nichts passiert, klicken Sie auf „Weiter“.',
  signedOut: 'Sie wurden hier abgemeldet.',
  invalidTitle: 'Die Anmeldung kann nicht fortgesetzt werden',
  invalid:
    'Der Link, über den Sie hierher gelangt sind, ist ungültig. Kehren Sie zur Anwendung zurück und melden Sie sich erneut an. Wenn das nicht hilft, wenden Sie sich an Ihre IT-Abteilung.',
  problem: 'Fehler',
  problems: {
    wrong: 'Der Benutzername oder das Passwort ist falsch.',
    empty: 'Geben Sie Ihren Benutzernamen und Ihr Passwort ein.',
    passwordExpired: 'Ihr Passwort ist abgelaufen. Ändern Sie es und melden Sie sich dann erneut an.',
    passwordChangeRequired: 'Sie müssen Ihr Passwort ändern, bevor Sie sich hier anmelden können.',
    accountLocked: 'Ihr Konto ist gesperrt. Versuchen Sie es später erneut oder wenden Sie sich an Ihre IT-Abteilung.',
    accountDisabled: 'Ihr Konto ist deaktiviert. Wenden Sie sich an Ihre IT-Abteilung.',
    accountExpired: 'Ihr Konto ist abgelaufen. Wenden Sie sich an Ihre IT-Abteilung.',
    tooMany: 'Zu viele Versuche. Warten Sie eine Weile, bevor Sie es erneut versuchen.',
    unavailable: 'Die Anmeldung ist derzeit nicht möglich. Versuchen Sie es in einigen Minuten erneut.',
    foreignForm:
      'Sie wurden von einer anderen Seite hierher geleitet. Geben Sie Benutzernamen und Passwort nur ein, wenn Sie sich anmelden möchten.',
  },
};

const fr: Texts = {
  name: 'Nom d’utilisateur',
  password: 'Mot de passe',
  signIn: 'Se connecter',
  continue: 'Continuer',
  signedIn: 'Connexion réussie. Si rien ne se passe, cliquez sur Continuer.',
  signedOut: 'Déconnexion réussie.',
  invalidTitle: 'Impossible de poursuivre la connexion',
  invalid:
    'Le lien que vous avez suivi n’est pas valide. Retournez à l’application et reconnectez-vous. Si le problème persiste, contactez votre administrateur.',
  problem: 'Erreur',
  problems: {
    wrong: 'Nom d’utilisateur ou mot de passe incorrect.',
    empty: 'Saisissez votre nom d’utilisateur et votre mot de passe.',
    passwordExpired: 'Votre mot de passe a expiré. Modifiez-le, puis reconnectez-vous.',
    passwordChangeRequired: 'Vous devez modifier votre mot de passe avant de pouvoir vous connecter ici.',
    accountLocked: 'Votre compte est verrouillé. Réessayez plus tard ou contactez votre administrateur.',
    accountDisabled: 'Votre compte est désactivé. Contactez votre administrateur.',
    accountExpired: 'Votre compte a expiré. Contactez votre administrateur.',
    tooMany: 'Trop de tentatives. Patientez un moment avant de réessayer.',
    unavailable: 'La connexion est momentanément indisponible. Réessayez dans quelques minutes.',
    foreignForm:
      'Vous arrivez d’une autre page. Saisissez votre nom d’utilisateur et votre mot de passe uniquement si vous souhaitez vous connecter.',
  },
};

const es: Texts = {
  name: 'Nombre de usuario',
  password: 'Contraseña',
  signIn: 'Iniciar sesión',
  continue: 'Continuar',
  signedIn: 'Ha iniciado sesión. Si no ocurre nada, haga clic en Continuar.',
  signedOut: 'Ha cerrado la sesión.',
  invalidTitle: 'No se puede continuar con el inicio de sesión',
  invalid:
    'El enlace que ha seguido no es válido. Vuelva a la aplicación e inicie sesión de nuevo. Si el problema continúa, póngase en contacto con su administrador.',
  problem: 'Error',
  problems: {
    wrong: 'El nombre de usuario o la contraseña son incorrectos.',
    empty: 'Introduzca su nombre de usuario y su contraseña.',
    passwordExpired: 'Su contraseña ha caducado. Cámbiela e inicie sesión de nuevo.',
    passwordChangeRequired: 'Debe cambiar su contraseña antes de poder iniciar sesión aquí.',
    accountLocked: 'Su cuenta está bloqueada. Inténtelo más tarde o póngase en contacto con su administrador.',
    accountDisabled: 'Su cuenta está deshabilitada. Póngase en contacto con su administrador.',
    accountExpired: 'Su cuenta ha caducado. Póngase en contacto con su administrador.',
    tooMany: 'Demasiados intentos. Espere un rato antes de volver a intentarlo.',
    unavailable: 'No es posible iniciar sesión en este momento. Inténtelo de nuevo en unos minutos.',
    foreignForm: 'Otra página le ha traído hasta aquí. Introduzca su nombre de usuario y su contraseña solo si desea iniciar sesión.',
  },
};

const ja: Texts = {
  name: 'ユーザー名',
  password: 'パスワード',
  signIn: 'サインイン',
  continue: '続行',
  signedIn: 'サインインしました。画面が切り替わらない場合は、［続行］を選択してください。',
  signedOut: 'サインアウトしました。',
  invalidTitle: 'サインインを続行できません',
  invalid:
    'このページへのリンクが正しくありません。アプリケーションに戻って、もう一度サインインしてください。問題が解決しない場合は、管理者にお問い合わせください。',
  problem: 'エラー',
  problems: {
    wrong: 'ユーザー名またはパスワードが正しくありません。',
    empty: 'ユーザー名とパスワードを入力してください。',
    passwordExpired: 'パスワードの有効期限が切れています。パスワードを変更してから、もう一度サインインしてください。',
    passwordChangeRequired: 'サインインする前にパスワードを変更する必要があります。',
    accountLocked: 'アカウントがロックされています。しばらくしてからもう一度お試しいただくか、管理者にお問い合わせください。',
    accountDisabled: 'アカウントが無効になっています。管理者にお問い合わせください。',
    accountExpired: 'アカウントの有効期限が切れています。管理者にお問い合わせください。',
    tooMany: '試行回数が多すぎます。しばらく待ってから、もう一度お試しください。',
    unavailable: '現在サインインできません。数分後にもう一度お試しください。',
    foreignForm: '別のページからこのページに移動しました。サインインする場合にのみ、ユーザー名とパスワードを入力してください。',
  },
};

export const LANGUAGES = { en, de, fr, es, ja } as const satisfies Record<string, Texts>;
export type Language = keyof typeof LANGUAGES;

/** @param acceptLanguage the header (RFC 9110, section 12.5.4) */
export function languageFor(acceptLanguage: string | undefined): Language {
  const accepted = (acceptLanguage ?? '')
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
    // A stable sort: the first of equal quality wins.
    .sort((a, b) => b.quality - a.quality);
  return accepted.map(({ language }) => language).find(isLanguage) ?? 'en';
}

function isLanguage(text: string): text is Language {
  return Object.hasOwn(LANGUAGES, text);
}
