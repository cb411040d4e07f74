import java.io.FileInputStream;
import java.io.IOException;
import java.net.URL;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Asks an API server for its version with the CA certificates of a file: java Client.java URL CA-FILE TOKEN */
public class Client {
    public static void main(String[] args) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (FileInputStream file = new FileInputStream(args[1])) {
            for (Certificate ca : CertificateFactory.getInstance("X.509").generateCertificates(file))
                trusted.setCertificateEntry("ca-" + trusted.size(), ca);
        }
        TrustManagerFactory managers =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        HttpsURLConnection call = (HttpsURLConnection) new URL(args[0]).openConnection();
        call.setSSLSocketFactory(context.getSocketFactory());
        call.setRequestProperty("Authorization", "Bearer " + args[2]);
        try {
            System.out.println(call.getResponseCode());
        } catch (IOException error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }
}
